"""Words that values are made of: names, countries, cities, and what stands in texts. The order is by frequency."""

from __future__ import annotations

import unicodedata


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


FIRST_NAMES = _words(
    """
    Maria James Anna Mohamed Wei Sofia John Fatima David Elena Ahmed Laura Michael Yuki Daniel Olga Carlos Emma Ali
    Sarah Thomas Aisha Lucas Nina Robert Chiara Omar Julia Peter Ines Hiroshi Marta William Leila Jan Priya Paul Mei
    Andreas Clara Rahul Ingrid Antonio Zainab Mark Camille Sven Ana Joseph Katarzyna Luca Hannah Viktor Noor Adam
    Lena Diego Aiko Martin Rosa Ibrahim Eva Jonas Amara Felix Beatriz Samuel Mina Oscar Greta Kofi Isabel Niklas
    Dilara Pedro Freya Arjun Alice Mateusz Carmen Henrik Nadia Simon Zofia Bruno Lucía Kenji Helena Tariq Margot
    Emil Paula Rafael Linnea Hugo Esther Ivan Selma Leo Ayşe Max Joana Tomáš Vera Søren Chloé Jürgen Renée Ángel
    Björk
    """
)

LAST_NAMES = _words(
    """
    Smith Wang Garcia Müller Singh Silva Kim Nguyen Rossi Khan Martin Ivanova Johnson Chen Lopez Schmidt Kumar
    Santos Lee Tran Russo Ahmed Bernard Petrov Williams Li Fernandez Schneider Sharma Oliveira Park Pham Ferrari
    Hussain Dubois Sokolov Brown Zhang Gonzalez Fischer Patel Souza Choi Le Bianchi Ali Laurent Popov Jones Liu
    Rodriguez Weber Gupta Costa Jung Vu Romano Hassan Moreau Novak Miller Yang Martinez Meyer Das Pereira Kang Hoang
    Ricci Ibrahim Simon Horvat Davis Huang Sanchez Wagner Reddy Almeida Yoon Dang Marino Okafor Michel Kowalski
    Wilson Zhao Perez Becker Rao Carvalho Tanaka Bui Greco Mensah Leroy Nowak Taylor Wu Gomez Hoffmann Nair Gomes
    Suzuki Do Conti Abebe Roux Svensson Anderson Zhou Diaz Schäfer Mehta Ribeiro Takahashi Larsen Gallo O'Brien
    Jansen Nielsen Thomas Xu Torres Koch Joshi Martins Watanabe Hansen Costa Haddad Visser Virtanen
    """
)

MAIL_DOMAINS = ("mail.example", "post.example", "example.com", "example.org", "example.net", "inbox.example")
"""Reserved names: a message to any of them reaches nobody."""

PHONE_CODES = ("1", "44", "49", "33", "39", "34", "31", "46", "48", "91", "81", "82", "86", "55", "52", "234", "27")

COUNTRIES: tuple[tuple[str, str, str, float], ...] = (
    ("US", "USA", "United States", 310),
    ("IN", "IND", "India", 240),
    ("CN", "CHN", "China", 230),
    ("BR", "BRA", "Brazil", 110),
    ("DE", "DEU", "Germany", 85),
    ("GB", "GBR", "United Kingdom", 80),
    ("JP", "JPN", "Japan", 78),
    ("FR", "FRA", "France", 66),
    ("ID", "IDN", "Indonesia", 62),
    ("MX", "MEX", "Mexico", 58),
    ("IT", "ITA", "Italy", 52),
    ("ES", "ESP", "Spain", 45),
    ("KR", "KOR", "South Korea", 44),
    ("CA", "CAN", "Canada", 40),
    ("TR", "TUR", "Türkiye", 36),
    ("PL", "POL", "Poland", 32),
    ("NG", "NGA", "Nigeria", 30),
    ("AU", "AUS", "Australia", 28),
    ("NL", "NLD", "Netherlands", 24),
    ("VN", "VNM", "Viet Nam", 24),
    ("AR", "ARG", "Argentina", 22),
    ("PH", "PHL", "Philippines", 22),
    ("EG", "EGY", "Egypt", 18),
    ("ZA", "ZAF", "South Africa", 16),
    ("SE", "SWE", "Sweden", 14),
    ("CH", "CHE", "Switzerland", 13),
    ("PK", "PAK", "Pakistan", 12),
    ("BE", "BEL", "Belgium", 11),
    ("AT", "AUT", "Austria", 10),
    ("PT", "PRT", "Portugal", 10),
    ("RO", "ROU", "Romania", 9),
    ("CZ", "CZE", "Czechia", 9),
    ("GR", "GRC", "Greece", 8),
    ("SG", "SGP", "Singapore", 8),
    ("DK", "DNK", "Denmark", 8),
    ("NO", "NOR", "Norway", 8),
    ("FI", "FIN", "Finland", 7),
    ("IE", "IRL", "Ireland", 7),
    ("KE", "KEN", "Kenya", 7),
    ("NZ", "NZL", "New Zealand", 6),
)

CURRENCIES: tuple[tuple[str, float], ...] = (
    ("USD", 88),
    ("EUR", 31),
    ("JPY", 17),
    ("GBP", 13),
    ("CNY", 7),
    ("AUD", 6),
    ("CAD", 6),
    ("CHF", 5),
    ("SGD", 2.4),
    ("INR", 2),
    ("SEK", 2),
    ("NOK", 1.7),
    ("MXN", 1.5),
    ("BRL", 1),
    ("ZAR", 1),
    ("PLN", 0.7),
)

CITIES = _names(
    """
    London, New York, Mumbai, São Paulo, Tokyo, Berlin, Paris, Lagos, Toronto, Madrid, Sydney, Singapore, Chicago,
    Istanbul, Seoul, Mexico City, Milan, Amsterdam, Warsaw, Bengaluru, Stockholm, Zürich, Vienna, Cairo, Nairobi,
    Hamburg, Lisbon, Dublin, Boston, Kraków, Copenhagen, Munich, Barcelona, Lyon, Austin, Manila, Jakarta, Osaka,
    Montréal, Prague, Brussels, Helsinki, Oslo, Porto, Auckland, Cape Town, Buenos Aires, Leipzig, Utrecht, Gdańsk,
    Turin, Bordeaux, Valencia, Seattle, Denver, Lima, Bogotá, Accra
    """
)

TRADES = _names(
    """
    Capital, Logistics, Foods, Systems, Energy, Textiles, Consulting, Pharma, Marine, Media, Robotics, Insurance,
    Tools, Optics, Timber, Software, Steel, Travel, Paper, Analytics
    """
)

COMPANY_ENDS = ("Ltd", "GmbH", "Inc", "SA", "BV", "AB", "LLC", "SpA", "Oy", "plc")

WORDS = _words(
    """
    the of and a to in is it that was for on are with as at be this have from or had by but some what there we can
    out other were all your when up use word how said each which their time will way about many then them would
    write like these long make thing see him two has look more day could go come did number sound most people over
    know water than call first who may down side been now find any new work part take get place made live where
    after back little only round man year came show every good give our under name very through just form great
    think say help low line before turn cause same mean differ move right boy old too does tell sentence set three
    want air well also play small end put home read hand port large spell add even land here must big high such
    follow act why ask men change went light kind off need house picture try again animal point mother world near
    build self earth father head stand own page should country found answer school grow study still learn plant
    cover food sun four thought let keep eye never last door between city tree cross since hard start might story
    saw far sea draw left late run while press close night real life few stop open seem together next white children
    begin got walk example ease paper often always music those both mark book letter until mile river car feet care
    second group carry took rain eat room friend began idea fish mountain north once base hear horse cut sure watch
    color face wood main market order price report account signal trade value balance payment risk limit course
    lesson review season journey window garden bridge winter summer silver copper engine ledger invoice receipt
    delivery parcel harbor station platform schedule update notice customer support request response service status
    change release version branch record archive sample quality
    """
)


def ascii_name(name: str) -> str:
    """A name as it stands in an address: small letters without marks, and nothing but letters, digits and spaces."""
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("Ø", "O").replace("ß", "ss"))
    return "".join(char for char in plain.lower() if char == " " or (char.isascii() and char.isalnum()))
