"""Stories and donation appeals written for the tests, in the languages of the founding example.

Nothing here comes from a page. Each appeal has lines that would look innocent anywhere else: a greeting, reasons,
the tax receipt, wishes, an address, a sign-off.
"""

from __future__ import annotations

__all__ = ["APPEALS", "LETTER", "RIGHTS", "STORIES", "story"]

#: Two lines that are unmistakably not the story.
LETTER = "Subscribe to our newsletter"
RIGHTS = "All rights reserved."

STORIES: dict[str, tuple[str, ...]] = {
    "en": (
        "Lighthouse keeper's logbooks return to the island after ninety years",
        "Eleven leather-bound logbooks that vanished from the lighthouse on Skarra in 1934 were handed back to the "
        "island's museum on Saturday, after a bookseller in Leeds found them at the bottom of a crate of sea charts.",
        "The books record wind, swell and passing ships three times a day, but the last keeper, Alban Thirsk, also "
        "used the margins to describe the quarrels of his goats and the price of paraffin.",
        "“He was lonely and he was very funny,” said the museum's curator, Moira Fennick, who read all eleven volumes "
        "in two nights. “Nobody who opened them could have thrown them away.”",
        "How the books left the island is still unclear. A customs ledger of the same year mentions a trunk of "
        "papers that was sent south with the relief boat, and the trunk was never claimed.",
        "Fennick said that the pages would be photographed over the winter and shown from April, beside the lamp "
        "that Thirsk polished every morning for twenty-six years.",
    ),
    "fr": (
        "À Vaugrenier, la dernière fabrique de sabots rallume ses machines",
        "Fermée depuis 2009, la saboterie Tissandier a repris son activité mercredi matin à Vaugrenier, où trois "
        "anciens ouvriers ont remis en marche les tours à copier achetés par leur patron en 1952.",
        "Le bâtiment, racheté l'an dernier par la commune pour 84.000 euros, devait d'abord devenir un parking. Une "
        "pétition signée par la moitié des habitants a convaincu le conseil municipal de changer d'avis.",
        "« On entend de nouveau le bois chanter dans la rue », a raconté Odile Ferrandin, qui tient l'épicerie d'en "
        "face et dont le père travaillait au séchoir.",
        "Selon le maire, une quarantaine de paires sortiront chaque semaine de l'atelier, destinées surtout aux "
        "jardiniers et à deux troupes de danse folklorique du département.",
        "Les ouvriers formeront aussi quatre apprentis, dont le premier, un menuisier de vingt-deux ans, a commencé "
        "lundi à apprendre le geste du creusage.",
    ),
    "de": (
        "In Hollerbach fährt der Bus jetzt auf Zuruf",
        "Wer in Hollerbach zum Arzt oder zum Markt will, muss seit Montag keinen Fahrplan mehr kennen: Ein Anruf im "
        "Rathaus genügt, und der kleine rote Bus hält binnen zwanzig Minuten vor der Haustür.",
        "Der Gemeinderat hatte die beiden Linien im Frühjahr eingestellt, weil auf den meisten Fahrten niemand "
        "eingestiegen war. Nun teilen sich vier Fahrerinnen die Schichten, und das Geld reicht nach Angaben der "
        "Kämmerin für drei Jahre.",
        "„Am ersten Tag haben siebzehn Leute angerufen, am zweiten schon vierzig“, sagte die Fahrerin Ottilie "
        "Brandhuber, die vorher einen Milchwagen gelenkt hat.",
        "Kritik kommt aus dem Nachbarort Unterwies. Dort fürchtet man, dass der Bus die letzte Haltestelle an der "
        "Landstraße überflüssig macht, an der bisher noch die Schulkinder warteten.",
        "Der Bürgermeister will im Herbst nachzählen lassen und dann entscheiden, ob ein zweites Fahrzeug "
        "angeschafft wird.",
    ),
    "es": (
        "El pueblo que aprendió a leer las nubes vuelve a abrir su observatorio",
        "El observatorio meteorológico de Peñalbar, cerrado desde 1987, reabrió sus puertas el viernes con los mismos "
        "instrumentos de latón que su fundador, el maestro Eladio Quintanar, había encargado en Zúrich.",
        "Durante dos años, una veintena de vecinos restauró los barómetros y copió a mano los registros de lluvia, "
        "que abarcan setenta y un inviernos y ocupan cuatro armarios enteros.",
        "«Mi abuela sabía cuándo iba a granizar mejor que la radio», contó Remedios Albarracín, que dirige la "
        "asociación y da clase en la escuela del valle.",
        "La universidad de la provincia ha pedido una copia de los cuadernos, porque las estaciones más cercanas no "
        "empezaron a medir hasta 1963 y faltan datos de toda la sierra.",
        "El ayuntamiento pagará la calefacción y un guarda, según explicó el alcalde, y los sábados los niños podrán "
        "subir a la torre para anotar el viento.",
    ),
    "it": (
        "A Montefosco il forno del paese torna a lavorare di notte",
        "Dopo undici anni di silenzio il forno comunale di Montefosco ha riacceso il fuoco nella notte tra martedì e "
        "mercoledì, e alle cinque del mattino davanti alla porta aspettavano già una sessantina di persone.",
        "A impastare sono in tre: due fratelli rientrati dal Belgio e un ex macchinista delle ferrovie che ha "
        "imparato il mestiere dalla vedova dell'ultimo fornaio.",
        "«Il lievito era rimasto vivo nella cantina di mia zia, e questo ci è sembrato un segno», ha raccontato "
        "Ersilia Bonanti, la maggiore dei due fratelli.",
        "Il Comune ha ceduto i locali per un affitto simbolico, a patto che il pane costi meno di tre euro al chilo e "
        "che il sabato si cuociano anche le teglie portate da casa.",
        "Secondo il sindaco altri due paesi della valle hanno chiesto di visitare il forno, e in primavera partirà "
        "un corso per ragazzi.",
    ),
}

APPEALS: dict[str, tuple[str, ...]] = {
    "en-weekly": (
        "Help us keep the Valley Courier free for everyone: make a gift today!",
        "Dear friends and readers,",
        "When so many newsrooms around us are closing their doors, you tell us that our pages are the first thing you "
        "open with your morning tea.",
        "Since last spring our two youngest reporters have also been visiting the care homes of the county, where "
        "they read the week's news aloud to people who can no longer see it.",
        "None of this pays for itself, and the price of paper has doubled since January.",
        "If you have given before, please know how much your renewed support means to the people who work here.",
        "If you have never given, a donation of any size is welcome, and you will receive a receipt that you can "
        "deduct from your taxes this year.",
        "With gratitude for your trust, we wish you and those you love a peaceful Christmas and a happy New Year.",
        "You can reach us by e-mail at friends@valleycourier.example",
        "The Valley Courier team",
    ),
    "en-radio": (
        "Support independent radio: donate now",
        "Dear listener,",
        "Forty years ago six volunteers put an aerial on the roof of a bakery, and since then not one day has passed "
        "without a voice from the harbour.",
        "We carry no advertising, and nobody but you decides what we may say.",
        "This winter the transmitter has to be replaced, and we are still short of nine thousand pounds.",
        "Your donation is tax deductible; a certificate will be sent to you in February.",
        "Every pound counts, and so does every kind word that you pass on to a neighbour.",
        "Thank you from the bottom of our hearts, and may the new year bring you good news.",
        "Warmly,",
        "Everyone at Harbour Radio",
    ),
    "de-blatt": (
        "Ihre Spende hält das Talblatt am Leben",
        "Liebe Leserinnen und Leser,",
        "in einer Zeit, in der viele Menschen nach Halt suchen, ist das Talblatt für Tausende zu einem täglichen "
        "Begleiter geworden.",
        "Seit dem vergangenen Herbst erscheint es auch in Blindenschrift und wird in vierzig Pflegeheimen vorgelesen, "
        "was ohne die Hilfe vieler Freiwilliger nicht möglich gewesen wäre.",
        "Druck und Porto sind seither um ein Drittel teurer geworden.",
        "Wenn Sie uns schon einmal unterstützt haben, bitten wir Sie herzlich, Ihre Spende zu erneuern.",
        "Wenn Sie noch nie gespendet haben, freuen wir uns über jeden Betrag; eine Spendenbescheinigung für das "
        "Finanzamt erhalten Sie im Januar.",
        "Im Vertrauen auf Ihre Großzügigkeit wünschen wir Ihnen und Ihren Familien ein gesegnetes neues Jahr.",
        "So erreichen Sie uns: freunde@talblatt.example",
        "Ihr Team vom Talblatt",
    ),
    "de-verein": (
        "Unabhängiger Journalismus braucht Ihre Unterstützung",
        "Liebe Freundinnen und Freunde,",
        "seit zwölf Jahren berichten wir aus Dörfern, in die sonst kein Reporter mehr fährt.",
        "Hinter uns steht kein Verlag und kein Konzern, sondern allein die Gemeinschaft unserer Leser.",
        "Im Sommer ist unser alter Lieferwagen liegen geblieben, und für einen neuen fehlen noch 6.000 Euro.",
        "Schon mit zehn Euro im Monat sichern Sie eine weitere Reportage, und Ihre Spende ist steuerlich absetzbar.",
        "Unser Spendenkonto: DE00 1234 5678 9012 3456 00",
        "Von Herzen danken wir allen, die uns bis hierher begleitet haben.",
        "Mit herzlichen Grüßen",
        "Die Redaktion",
    ),
    "es-semanario": (
        "Esta Navidad, regala La Hoja del Valle con tu donativo",
        "Queridos amigos:",
        "Cuando tantas personas buscan una palabra de esperanza, La Hoja del Valle se ha convertido en una compañía "
        "para quienes viven lejos de las ciudades.",
        "Desde el pasado otoño nuestras páginas se leen también en las residencias de mayores de toda la comarca, un "
        "paso que hace dos años nos parecía imposible.",
        "El papel cuesta hoy el doble y los ingresos no alcanzan para pagar la imprenta.",
        "Si ya has hecho un donativo y todavía no lo has renovado, piensa que el futuro de esta casa depende de tu "
        "generosidad.",
        "Si nunca has donado, puedes apoyarnos hoy mismo y recibir un certificado para desgravar tu donativo en la "
        "declaración de la renta.",
        "Contando con tu ayuda, te deseamos a ti y a los tuyos una feliz Navidad y un próspero año nuevo.",
        "Para contactar con nosotros: amigos@lahojadelvalle.example",
        "El equipo de La Hoja del Valle",
    ),
    "es-radio": (
        "Apoya el periodismo independiente: hazte socio",
        "Estimado lector, estimada lectora:",
        "Llevamos quince años contando lo que pasa en los barrios donde no llegan las cámaras.",
        "Aquí no hay anunciantes ni partidos que nos digan lo que debemos publicar.",
        "Este invierno tenemos que cambiar los ordenadores de la redacción y nos faltan siete mil euros.",
        "Con cinco euros al mes ya nos ayudas, y tu aportación desgrava en Hacienda.",
        "También puedes hacer una transferencia a la cuenta ES00 1234 5678 9012 3456.",
        "Gracias de corazón a quienes nos acompañan desde el primer día.",
        "Un abrazo,",
        "La redacción",
    ),
    "it-settimanale": (
        "La Voce della Valle vive delle vostre donazioni",
        "Cari amici,",
        "mentre intorno a noi cresce il bisogno di speranza, La Voce della Valle è diventata per molti un sostegno "
        "prezioso, soprattutto per chi vive da solo.",
        "Dallo scorso novembre le nostre pagine vengono lette anche alla radio diocesana, che le porta ogni sera "
        "nelle case di trentamila famiglie.",
        "La carta costa il doppio di due anni fa e le spese di spedizione continuano a salire.",
        "Se hai già donato e non hai ancora rinnovato la tua offerta, sappi che il futuro del giornale dipende dalla "
        "tua generosità.",
        "Se non hai mai donato, puoi sostenerci oggi e ricevere una ricevuta fiscale da detrarre nella dichiarazione "
        "dei redditi.",
        "Confidando nel tuo aiuto, auguriamo a te e alla tua famiglia un sereno anno nuovo.",
        "Per contattarci via e-mail: amici@vocedellavalle.example",
        "La redazione della Voce della Valle",
    ),
    "it-radio": (
        "Sostieni l'informazione libera: dona ora",
        "Cara lettrice, caro lettore,",
        "da vent'anni raccontiamo i paesi di cui nessuno parla, senza padroni e senza pubblicità.",
        "Lo facciamo in sei, in due stanze sopra un'officina, con la porta sempre aperta.",
        "Quest'inverno dobbiamo rifare il tetto, e ci mancano ancora ottomila euro.",
        "Bastano dieci euro al mese per darci una mano, e la tua donazione è deducibile dalle tasse.",
        "Puoi donare anche con un bonifico all'IBAN IT00 A123 4567 8901 2345.",
        "Grazie di cuore a chi ci accompagna da sempre.",
        "Un caro saluto,",
        "Tutti noi della redazione",
    ),
}


def story(language: str = "en", separator: str = "\n") -> str:
    """A story as one text."""
    return separator.join(STORIES[language])
