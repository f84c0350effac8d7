package lineworkstest

import (
	"fmt"
	"strings"
	"testing"
)

// What the pages forbid is refused: a double that accepted it would prove
// nothing about what passes.
func TestJudgeRefuses(t *testing.T) {
	bubble := func(inner string) string {
		return `{"content":{"type":"flex","altText":"a","contents":{"type":"bubble",` + inner + `}}}`
	}
	box := func(contents string) string {
		return bubble(`"body":{"type":"box","layout":"vertical","contents":[` + contents + `]}`)
	}
	button := func(action string) string {
		return `{"content":{"type":"button_template","contentText":"a","actions":[` + action + `]}}`
	}
	small := `{"type":"bubble","size":"%s","body":{"type":"box","layout":"vertical","contents":[{"type":"text","text":"%s"}]}}`
	carousel := func(bubbles ...string) string {
		return `{"content":{"type":"flex","altText":"a","contents":{"type":"carousel","contents":[` + strings.Join(bubbles, ",") + `]}}}`
	}
	many := strings.Split(strings.TrimSuffix(strings.Repeat(fmt.Sprintf(small, "kilo", "x")+";", 11), ";"), ";")
	fat := fmt.Sprintf(small, "kilo", strings.Repeat("x", 2000))

	good := []string{
		`{"content":{"type":"text","text":"` + strings.Repeat("あ", 2000) + `"}}`,
		`{"content":{"type":"image","previewImageUrl":"https://a.example/p.png","originalContentUrl":"https://a.example/p.png"}}`,
		`{"content":{"type":"link","contentText":"a","linkText":"b","link":"https://a.example"}}`,
		button(`{"type":"message","label":"a","postback":"b"}`),
		button(`{"type":"uri","label":"a","uri":"https://a.example"}`),
		box(`{"type":"text","text":"a","wrap":true},{"type":"separator"},{"type":"button","style":"link","action":{"type":"message","label":"a","text":"a"}}`),
		carousel(many[:10]...),
	}
	for _, body := range good {
		if err := Judge([]byte(body)); err != nil {
			t.Errorf("%.120s: %v", body, err)
		}
	}
	for name, body := range map[string]string{
		"no JSON":               `{`,
		"no content":            `{}`,
		"undefined beside it":   `{"content":{"type":"text","text":"a"},"to":"x"}`,
		"undefined in it":       `{"content":{"type":"text","text":"a","wrap":true}}`,
		"other case":            `{"content":{"type":"text","Text":"a"}}`,
		"doubled":               `{"content":{"type":"text","text":"a","text":"b"}}`,
		"null":                  `{"content":{"type":"text","text":null}}`,
		"something after":       `{"content":{"type":"text","text":"a"}} {}`,
		"unknown type":          `{"content":{"type":"video"}}`,
		"empty text":            `{"content":{"type":"text","text":""}}`,
		"text too long":         `{"content":{"type":"text","text":"` + strings.Repeat("あ", 2001) + `"}}`,
		"one picture address":   `{"content":{"type":"image","originalContentUrl":"https://a.example/p.png"}}`,
		"http picture":          `{"content":{"type":"image","previewImageUrl":"http://a.example/p.png","originalContentUrl":"http://a.example/p.png"}}`,
		"no actions":            button(``),
		"eleven actions":        button(strings.TrimSuffix(strings.Repeat(`{"type":"message","label":"a"},`, 11), ",")),
		"label too long":        button(`{"type":"message","label":"` + strings.Repeat("a", 21) + `"}`),
		"no label":              button(`{"type":"message","text":"a"}`),
		"postback type":         button(`{"type":"postback","label":"a","data":"b"}`),
		"data in message":       button(`{"type":"message","label":"a","data":"b"}`),
		"uri in message":        button(`{"type":"message","label":"a","uri":"https://a.example"}`),
		"uri without scheme":    button(`{"type":"uri","label":"a","uri":"a.example"}`),
		"LINE's bubble size":    bubble(`"size":"deca","body":{"type":"box","layout":"vertical","contents":[{"type":"text","text":"a"}]}`),
		"LINE's scaling":        box(`{"type":"text","text":"a","scaling":true}`),
		"LINE's lineSpacing":    box(`{"type":"text","text":"a","lineSpacing":"1px"}`),
		"LINE's adjustMode":     box(`{"type":"button","adjustMode":"shrink-to-fit","action":{"type":"message","label":"a"}}`),
		"LINE's justifyContent": bubble(`"body":{"type":"box","layout":"vertical","justifyContent":"center","contents":[{"type":"text","text":"a"}]}`),
		"LINE's video":          bubble(`"hero":{"type":"video","url":"https://a.example/v.mp4"}`),
		"animated picture":      bubble(`"hero":{"type":"image","url":"https://a.example/p.png","animated":false}`),
		"postback in flex":      box(`{"type":"button","action":{"type":"postback","label":"a","data":"b"}}`),
		"empty flex text":       box(`{"type":"text","text":""}`),
		"empty box":             box(``),
		"no block":              bubble(`"size":"kilo"`),
		"two widths":            carousel(fmt.Sprintf(small, "kilo", "x"), fmt.Sprintf(small, "mega", "x")),
		"eleven bubbles":        carousel(many...),
		"bubble over 15 KB":     box(strings.TrimSuffix(strings.Repeat(`{"type":"text","text":"`+strings.Repeat("x", 1900)+`"},`, 9), ",")),
		"carousel over 30 KB":   carousel(append(many[:0:0], fat, fat, fat, fat, fat, strings.ReplaceAll(fat, "x", "あ"), strings.ReplaceAll(fat, "x", "あ"), strings.ReplaceAll(fat, "x", "あ"), strings.ReplaceAll(fat, "x", "い"))...),
		"no altText":            `{"content":{"type":"flex","contents":` + fmt.Sprintf(small, "kilo", "x") + `}}`,
		"long altText":          `{"content":{"type":"flex","altText":"` + strings.Repeat("x", 401) + `","contents":` + fmt.Sprintf(small, "kilo", "x") + `}}`,
	} {
		if err := Judge([]byte(body)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestMentionsAreFoundInAnyText(t *testing.T) {
	for body, want := range map[string]int{
		`{"content":{"type":"text","text":"<m userId=\"all\"> a <M userId='x'>"}}`: 2,
		`{"a":[{"b":"< m userId=x>"}]}`:                                            1,
		`{"a":"<b>x</b> 1<2"}`:                                                     0,
		`{"a":"<` + "\u200b" + `m userId=\"all\">"}`:                               0,
	} {
		if got := Mentions([]byte(body)); len(got) != want {
			t.Errorf("%s: found %q, want %d", body, got, want)
		}
	}
}
