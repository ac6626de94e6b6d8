package mask

import (
	"unicode"
	"unicode/utf8"
)

// known says what stands in fields of a name, in small letters and without what separates its words. A longer name is
// known by its last words: customer_email by email.
var known = func() map[string]class {
	table := map[string]class{}
	for c, names := range map[class][]string{
		email: {
			"email", "emails", "mail", "emailaddress", "emailaddresses", "mailaddress", "emailadresse", "courriel", "correo", "correoelectronico",
			"epost", "eposta", "электроннаяпочта", "почта", "メール", "邮箱", "电子邮件", "البريدالإلكتروني",
		},
		phone: {
			"phone", "phones", "phonenumber", "phonenumbers", "telephone", "telephonenumber", "tel", "telefon", "telefonnummer", "telefono", "teléfono", "telefone",
			"téléphone", "mobile", "mobilenumber", "mobilephone", "mobil", "handy", "handynummer", "cell", "cellphone", "celular", "fax", "faxnumber",
			"msisdn", "whatsapp", "sms", "landline", "телефон", "電話", "电话", "手机", "هاتف",
		},
		person: {
			"firstname", "lastname", "middlename", "fullname", "surname", "givenname", "givennames", "familyname", "forename", "maidenname", "birthname",
			"displayname", "nickname", "username", "login", "screenname", "legalname", "realname", "nameoncard", "cardholder", "accountholder", "initials",
			"fname", "lname", "salutation", "attn", "addressee", "vorname", "nachname", "familienname", "geburtsname", "ansprechpartner", "empfänger", "empfaenger",
			"prénom", "prenom", "nomdefamille", "nombre", "apellido", "apellidos", "nome", "cognome", "sobrenome", "apelido", "voornaam", "achternaam",
			"imię", "imie", "nazwisko", "förnamn", "efternamn", "имя", "фамилия", "отчество", "氏名", "名前", "姓名", "الاسم",
		},
		address: {
			"address", "addresses", "addr", "addressline", "streetaddress", "street", "streetname", "streetnumber", "housenumber", "housename", "zip", "zipcode",
			"postal", "postalcode", "postcode", "city", "town", "suburb", "county", "apartment", "building", "ip", "ips", "ipaddress", "remoteaddr",
			"clientip", "realip", "remoteip", "forwardedfor", "latitude", "longitude", "geolocation", "coordinates",
			"adresse", "anschrift", "strasse", "straße", "hausnummer", "plz", "postleitzahl", "ort", "wohnort", "stadt", "rue", "codepostal", "ville",
			"dirección", "direccion", "calle", "ciudad", "codigopostal", "códigopostal", "indirizzo", "citta", "città", "endereço", "endereco", "rua",
			"cidade", "cep", "straat", "postcodes", "woonplaats", "адрес", "улица", "город", "住所", "地址", "العنوان",
		},
		card: {
			"cardnumber", "card", "creditcard", "creditcardnumber", "ccnumber", "pan", "cvc", "cvv", "cvv2", "cardcode", "securitycode", "iban", "bban", "accountnumber",
			"bankaccount", "routingnumber", "sortcode", "ssn", "socialsecuritynumber", "nationalid", "nationalidnumber", "passport", "passportnumber", "taxid",
			"taxnumber", "steuernummer", "steuerid", "kontonummer", "kreditkarte", "driverslicense", "licenseplate", "cpf", "nif", "dni", "curp", "bsn",
		},
		text: {
			"message", "messages", "messagetext", "messagebody", "text", "note", "notes", "description", "comment", "comments", "remark", "remarks", "feedback",
			"review", "bio", "about", "subject", "body", "content", "contents", "html", "plaintext", "transcript", "prompt", "completion", "instructions",
			"deliveryinstructions", "giftmessage", "question", "answer", "reply", "complaint", "diagnosis", "dob", "dateofbirth", "birthdate", "birthday",
			"nachricht", "bemerkung", "bemerkungen", "notiz", "beschreibung", "kommentar", "geburtsdatum", "geburtstag", "messaggio", "mensaje", "mensagem",
			"commentaire", "remarque", "datedenaissance", "fechadenacimiento", "сообщение", "комментарий", "датарождения", "メッセージ", "备注", "ملاحظة",
		},
	} {
		for _, name := range names {
			table[name] = c
		}
	}
	return table
}()

// things have a name that is no person's: product.name, file_name.
var things = setOf(
	"action", "algorithm", "app", "application", "artifact", "attribute", "branch", "brand", "bucket", "campaign", "category", "channel", "class", "cluster", "collection", "color",
	"colour", "column", "component", "config", "coupon", "country", "currency", "database", "db", "device", "discount", "domain", "dns", "environment", "env",
	"error", "event", "feature", "field", "file", "flag", "folder", "font", "format", "function", "group", "header", "host", "image", "index", "item",
	"job", "key", "label", "language", "lineitem", "list", "locale", "method", "metric", "model", "module", "namespace", "node", "object", "package", "param",
	"parameter", "permission", "plan", "plugin", "policy", "price", "product", "program", "project", "promotion", "property", "protocol", "provider", "queue",
	"region", "repo", "repository", "resource", "role", "route", "rule", "schema", "segment", "server", "service", "session", "setting", "sku", "stage", "status",
	"step", "subscription", "table", "tag", "task", "tax", "template", "theme", "tier", "timezone", "tool", "topic", "type", "unit", "variable", "variant",
	"version", "webhook", "widget", "workflow", "zone",
)

// neutral fields tell nothing of a person even inside what is masked as a whole, such as an address.
var neutral = setOf(
	"brand", "country", "countrycode", "created", "createdat", "currency", "default", "format", "funding", "id", "kind", "label", "lang", "language", "locale", "network", "object", "primary", "role",
	"status", "type", "updated", "updatedat", "verified", "version",
)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// endings are found at the end of a word too: useremail, homephone.
var endings = []struct {
	text string
	is   class
}{
	{"email", email},
	{"phone", phone},
	{"firstname", person},
	{"lastname", person},
	{"surname", person},
	{"fullname", person},
	{"cardnumber", card},
	{"postcode", address},
	{"zipcode", address},
	{"strasse", address},
	{"straße", address},
}

// meaning is what the name of a field says.
type meaning struct {
	is      class
	thing   bool // what has this name is no person
	neutral bool
	generic bool // a name of whatever it is in
}

const (
	longestName = 64 // longer ones are data
	mostNamed   = 3  // words that are known together
)

// meaningOf reads the name of a field: snake_case, kebab-case, camelCase or in words.
func (r *run) meaningOf(name []byte) (m meaning) {
	if len(name) == 0 || len(name) > longestName {
		return m
	}
	var starts [longestName + 1]int
	words := r.split(name, &starts)
	if words == 0 {
		return m
	}
	all := r.lower
	word := func(i int) []byte {
		if i == words-1 {
			return all[starts[i]:]
		}
		return all[starts[i]:starts[i+1]]
	}
	last := word(words - 1)
	m.neutral = words <= 2 && neutral[string(all)]
	m.thing = things[string(last)] || last[len(last)-1] == 's' && things[string(last[:len(last)-1])] || things[string(all)]
	for i := max(0, words-mostNamed); i < words; i++ {
		if c := known[string(all[starts[i]:])]; c != none {
			m.is = c
			return m
		}
	}
	if string(last) == "name" || string(last) == "names" {
		switch {
		case words == 1:
			m.generic = true
		case !things[string(word(words-2))]:
			m.is = person
		}
		return m
	}
	for _, e := range endings {
		if len(last) > len(e.text) && string(last[len(last)-len(e.text):]) == e.text {
			m.is = e.is
			return m
		}
	}
	return m
}

// split puts the name in small letters and without separators into r.lower, and where its words begin into starts.
// Numbers at the end of words are dropped: address_line_2 is another address_line.
func (r *run) split(name []byte, starts *[longestName + 1]int) (words int) {
	r.lower = r.lower[:0]
	fresh := true // a word begins
	var before rune
	for i := 0; i < len(name); {
		x, size := rune(name[i]), 1
		if x >= utf8.RuneSelf {
			x, size = utf8.DecodeRune(name[i:])
		}
		i += size
		switch {
		case x >= '0' && x <= '9':
			if i < len(name) && (name[i] >= 'a' && name[i] <= 'z') && !fresh { // inside a word: oauth2token
				r.lower = append(r.lower, byte(x))
			}
			before = x
			continue
		case !unicode.IsLetter(x) && !unicode.IsMark(x):
			fresh, before = true, x
			continue
		case unicode.IsUpper(x):
			next := rune(0)
			if i < len(name) {
				next, _ = utf8.DecodeRune(name[i:])
			}
			if unicode.IsLower(before) || unicode.IsUpper(before) && unicode.IsLower(next) {
				fresh = true
			}
		}
		if fresh {
			starts[words] = len(r.lower)
			words++
			fresh = false
		}
		before = x
		if x < utf8.RuneSelf {
			if x >= 'A' && x <= 'Z' {
				x += 'a' - 'A'
			}
			r.lower = append(r.lower, byte(x))
			continue
		}
		r.lower = utf8.AppendRune(r.lower, unicode.ToLower(x))
	}
	return words
}
