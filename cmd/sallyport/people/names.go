package people

// name is a name as its bearer writes it, and the form an address has.
type name struct{ name, ascii string }

var given = []name{
	{"Ann", "ann"}, {"José", "jose"}, {"Zoë", "zoe"}, {"Łukasz", "lukasz"}, {"Jürgen", "juergen"}, {"Søren", "soeren"}, {"Björk", "bjoerk"}, {"Siân", "sian"},
	{"Nguyễn", "nguyen"}, {"Đức", "duc"}, {"Chloé", "chloe"}, {"İpek", "ipek"}, {"Ömer", "oemer"}, {"Žofia", "zofia"}, {"Dvořák", "dvorak"}, {"Ngũgĩ", "ngugi"},
	{"明", "akira"}, {"美咲", "misaki"}, {"伟", "wei"}, {"芳", "fang"}, {"지훈", "jihun"}, {"서연", "seoyeon"}, {"Дмитро", "dmytro"}, {"Олена", "olena"},
	{"Γιώργος", "giorgos"}, {"Ελένη", "eleni"}, {"محمد", "muhammad"}, {"فاطمة", "fatima"}, {"נועה", "noa"}, {"דוד", "david"}, {"अदिति", "aditi"}, {"रोहन", "rohan"},
	{"ஆதிரா", "aathira"}, {"กนกวรรณ", "kanokwan"}, {"ანა", "ana"}, {"Արամ", "aram"}, {"Mary-Kate", "mary-kate"}, {"Jean-Luc", "jean-luc"}, {"Saoirse", "saoirse"}, {"Lars", "lars"},
	{"Maria", "maria"}, {"Kofi", "kofi"}, {"Amara", "amara"}, {"Tariq", "tariq"}, {"Ingrid", "ingrid"}, {"Paolo", "paolo"}, {"Grace", "grace"}, {"Henri", "henri"},
}

var surnames = []name{
	{"O'Malley", "omalley"}, {"D'Angelo", "dangelo"}, {"van der Berg", "vanderberg"}, {"Müller", "mueller"}, {"García-López", "garcia-lopez"}, {"Åkesson", "akesson"}, {"Þórsdóttir", "thorsdottir"},
	{"Nowák", "nowak"}, {"Șerban", "serban"}, {"Çelik", "celik"}, {"Straße", "strasse"}, {"Trần", "tran"}, {"佐藤", "sato"}, {"鈴木", "suzuki"}, {"王", "wang"}, {"李", "li"}, {"김", "kim"},
	{"박", "park"}, {"Шевченко", "shevchenko"}, {"Коваль", "koval"}, {"Παπαδόπουλος", "papadopoulos"}, {"حسن", "hassan"}, {"כהן", "cohen"}, {"शर्मा", "sharma"}, {"பிள்ளை", "pillai"},
	{"ศรีสุข", "srisuk"}, {"Smith", "smith"}, {"Okafor", "okafor"}, {"Mensah", "mensah"}, {"Rossi", "rossi"}, {"Dubois", "dubois"}, {"Lindqvist", "lindqvist"}, {"Jansen", "jansen"},
	{"Silva", "silva"}, {"Novak", "novak"}, {"Byrne", "byrne"}, {"Hughes", "hughes"}, {"Fischer", "fischer"}, {"Moreau", "moreau"}, {"Costa", "costa"},
}

type place struct{ name, country string }

var departments = []place{
	{name: "Sales"}, {name: "Engineering"}, {name: "Finance"}, {name: "Human Resources"}, {name: "Marketing"}, {name: "Operations"},
	{name: "Legal"}, {name: "Research"}, {name: "Support"}, {name: "Logistics"}, {name: "Quality"}, {name: "Procurement"},
}

var offices = []place{
	{"Dublin", "Ireland"}, {"Kraków", "Poland"}, {"Zürich", "Switzerland"}, {"São Paulo", "Brazil"}, {"大阪", "Japan"}, {"Αθήνα", "Greece"},
	{"Київ", "Ukraine"}, {"Malmö", "Sweden"}, {"Accra", "Ghana"}, {"Toronto", "Canada"},
}

var projects = []string{"Project Aurora", "Project Beacon", "Project Cinder", "Project Delta", "Project Ember", "Project Fjord", "Works Council", "First Aid"}
