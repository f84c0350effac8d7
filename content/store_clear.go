package content

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// StoredGrace is how long a stored file that nothing uses stays: longer than a form
// with it can lie open on a staff page, and than a seed takes.
const StoredGrace = 24 * time.Hour

var shaInText = regexp.MustCompile(`[0-9a-f]{64}`)

// StoredIn adds the stored files that a text names to used: rather one too many.
func StoredIn(used map[string]bool, text string) {
	for _, sha := range shaInText.FindAllString(text, -1) {
		used[sha] = true
	}
}

// StoredInFiles adds the stored files that the YAML files of a content folder name.
func StoredInFiles(used map[string]bool, dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(name); err != nil || d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return err
		}
		b, err := os.ReadFile(name)
		StoredIn(used, string(b))
		return err
	})
}

// UseStored says that a stored file is about to be used: ClearStored leaves it for
// another StoredGrace. fs.ErrNotExist: it was cleared.
func UseStored(dir, sha string) error {
	now := time.Now() //nolint:forbidigo // as the file system stamps files
	return os.Chtimes(filepath.Join(dir, filepath.FromSlash(StoredPath(sha))), now, now)
}

const going = ".going" // of a file that is being cleared

// ClearStored removes the files below dir that are not used and were stored, or about
// to be used, longer than StoredGrace ago, and what uploads left that did not end. It
// answers how many; dry only counts. Beside it files may be stored: what somebody takes
// up in the very moment stays, or they are told that it is gone.
func ClearStored(dir string, used map[string]bool, dry bool) (n int, err error) {
	before := time.Now().Add(-StoredGrace) //nolint:forbidigo // as the file system stamps files
	old := func(name string) (bool, error) {
		st, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && st.ModTime().Before(before), err
	}
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // no storage yet, or an upload that has ended
		}
		sha, cut := strings.CutSuffix(filepath.Base(name), going)
		half := strings.HasPrefix(sha, ".incoming-")
		if err != nil || !d.Type().IsRegular() || !half && !shaForm(sha) || used[sha] && !cut {
			return err
		}
		if was, err := old(name); err != nil || !was {
			return err
		}
		if n++; dry || half {
			if dry {
				return nil
			}
			return os.Remove(name)
		}
		away := filepath.Join(filepath.Dir(name), sha+going)
		if err := os.Rename(name, away); err != nil { // then nobody takes it up any more
			return err
		}
		if was, err := old(away); err != nil || !was || used[sha] {
			n--
			return errors.Join(err, os.Rename(away, filepath.Join(filepath.Dir(name), sha)))
		}
		return os.Remove(away)
	})
	return n, err
}
