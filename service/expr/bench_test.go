package expr

import (
	"testing"

	"github.com/sallyport-id/sallyport/entry"
)

// BenchmarkEval evaluates expressions of everyday mappings.
func BenchmarkEval(b *testing.B) {
	attrs := map[string][]entry.Value{"givenName": {"José"}, "surname": {"García López"}, "tel": {"+34 737-626-8331"}, "hired": {"2026-01-15"}}
	env := Env{Attrs: func(name string) []entry.Value { return attrs[name] }}
	for name, text := range map[string]string{
		"Join":    `Join(" ", [givenName], [surname])`,
		"Mail":    `ToLower(Join("@", NormalizeDiacritics(StripSpaces(Join(".", [givenName], [surname]))), "contoso.com"))`,
		"Regex":   `Replace([tel], , "\\+(?<isdCode>\\d* )(?<phoneNumber>.*)", , "${phoneNumber}", , )`,
		"Compare": `IIF(DateDiff("d", Now(), CDate([hired])) > 5, "False", "True")`,
	} {
		b.Run(name, func(b *testing.B) {
			e := mustParse(b, text)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(`Switch([country], Join("@", NormalizeDiacritics([givenName]), "contoso.com"), "NL", [mail], "DE", Left([mail], 5))`); err != nil {
			b.Fatal(err)
		}
	}
}
