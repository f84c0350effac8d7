package content

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// Files that did not change pass by every few seconds: what they hold must not be
// taken into memory each time.
func TestLookingAgainAtUnchangedFilesCostsNoMemory(t *testing.T) {
	var b strings.Builder
	b.WriteString("entries:\n")
	for i := range 500 {
		b.WriteString(entryYAML("k"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("y", i/26), strings.Repeat("見積", 100)))
	}
	s := newSource(os.DirFS(write(t, map[string]string{"faq/a.yaml": b.String()})), "d", false)
	s.scan()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 20 {
		if s.scan() {
			t.Fatal("nothing changed")
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(b.Len()) {
		t.Errorf("20 looks at a file of %d bytes took %d", b.Len(), got)
	}
}

// The entries of a file lie together, and one that is kept from the file's last good
// state stays where readers are reading it.
func TestTextsOfAFileLieTogether(t *testing.T) {
	where := func(f *contentFile, i int) uintptr {
		return uintptr(unsafe.Pointer(unsafe.StringData(f.entries[i].Answer["ja"])))
	}
	good := loadFile("faq/a.yaml", areaFAQ, []byte("entries:\n"+entryYAML("a", "一つ目")+entryYAML("b", "二つ目")), nil)
	if d := where(good, 1) - where(good, 0); d == 0 || d > 100 {
		t.Errorf("the answers lie %d bytes apart", d)
	}
	kept := good.entries[0]
	at := where(good, 0)
	next := loadFile("faq/a.yaml", areaFAQ, []byte("entries:\n  - key: a\n    question: 一つ目\n"+entryYAML("b", "二つ目です")), good)
	if next.entries[0] != kept || where(next, 0) != at {
		t.Error("the entry that is kept was written to")
	}
	if got := next.entries[1].Question["ja"]; got != "二つ目です" || next.entries[1].Key != "b" {
		t.Errorf("%+v", next.entries[1])
	}
}
