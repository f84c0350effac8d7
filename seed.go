package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"akari/content"
	"akari/models"
)

// samplePeople are the partners, staff and rooms with which a newcomer tries the
// playground. They step aside as soon as a partner of the operator's own is there.
//
//go:embed sample.yaml
var samplePeople []byte

// seedSample puts the sample people in, unless real ones are there already.
func seedSample(ctx context.Context, store *models.Store) error {
	var seeded bool
	if err := store.View(ctx, func(t *models.Tx) (err error) {
		seeded, err = t.HasSeeded()
		return err
	}); err != nil || seeded {
		return err
	}
	seed, problems := models.ReadSeed(bytes.NewReader(samplePeople), "sample.yaml")
	if len(problems) > 0 { // a defect of this program, held by a test
		return errors.New(problems[0].String())
	}
	seed.Sample = true
	_, err := store.Seed(ctx, seed)
	return err
}

// Seeded is what `akari seed` prints.
type Seeded struct {
	models.SeedResult
	Content SeedContent `json:"content"`
}

// SeedContent counts the materials and FAQ entries of a seed.
type SeedContent struct {
	Rows    int `json:"rows"`
	Changed int `json:"changed"`
}

// seedFile loads a seed: everything is checked before anything is written.
func seedFile(ctx context.Context, c Config, store *models.Store, name string) (Seeded, []Problem, error) {
	f, err := os.Open(name)
	if err != nil {
		return Seeded{}, nil, err
	}
	defer f.Close()
	seed, bad := models.ReadSeed(f, name)
	if len(bad) > 0 {
		return Seeded{}, fromModels(bad), nil
	}
	old, err := overlayBodies(ctx, store)
	if err != nil {
		return Seeded{}, nil, err
	}
	rows, problems := contentRows(c, seed, filepath.Dir(name), old)
	if len(problems) > 0 {
		sortProblems(problems)
		return Seeded{}, problems, nil
	}
	var out Seeded
	if out.SeedResult, err = store.Seed(ctx, seed); err != nil {
		if refused := (*models.SeedRefused)(nil); errors.As(err, &refused) {
			return Seeded{}, fromModels(refused.Problems), nil
		}
		return Seeded{}, nil, err
	}
	out.Content.Rows = len(rows)
	out.Content.Changed, err = putOverlays(ctx, store, rows)
	return out, nil, err
}

func fromModels(list []models.Problem) []Problem {
	out := make([]Problem, len(list))
	for i, p := range list {
		out[i] = Problem{p.File, p.Line, p.Text}
	}
	return out
}

func fromContent(list []content.Problem) []Problem {
	out := make([]Problem, len(list))
	for i, p := range list {
		out[i] = Problem{p.File, p.Line, p.Text}
	}
	return out
}

// putOverlays writes rows in short transactions: a webhook beside it waits at most
// for one batch.
func putOverlays(ctx context.Context, store *models.Store, rows []models.Overlay) (changed int, err error) {
	const batch = 50
	for from := 0; from < len(rows); from += batch {
		var n int
		if err := store.InTx(ctx, func(t *models.Tx) (err error) {
			n, err = t.PutOverlays(rows[from:min(from+batch, len(rows))]...)
			return err
		}); err != nil {
			return changed, fmt.Errorf("while writing content: %w", err)
		}
		changed += n
	}
	return changed, nil
}

func overlayBodies(ctx context.Context, store *models.Store) (map[string]models.Overlay, error) {
	bodies := map[string]models.Overlay{}
	err := store.View(ctx, func(t *models.Tx) error {
		rows, err := t.Overlays()
		for _, r := range rows {
			bodies[r.Kind+"/"+r.Key] = r
		}
		return err
	})
	return bodies, err
}

// contentRows turns the seed's materials and FAQ into rows, checked as content
// checks its own files, with every file stored.
func contentRows(c Config, seed models.Seed, dir string, old map[string]models.Overlay) (rows []models.Overlay, problems []Problem) {
	bad := func(line int, err error) { problems = append(problems, Problem{seed.File, line, err.Error()}) }
	for _, m := range seed.Materials {
		body, err := materialBody(c, m.Body, dir, old["material/"+m.Key])
		if err != nil {
			bad(m.Line, fmt.Errorf("material %s: %w", m.Key, err))
			continue
		}
		rows = append(rows, models.Overlay{Kind: models.OverlayMaterial, Key: m.Key, Body: string(body), Source: "seed"})
	}
	for _, e := range seed.FAQ {
		entry, faults := content.DecodeEntry(e.Body)
		for _, p := range faults {
			bad(e.Line, errors.New(p.Text))
		}
		if len(faults) == 0 {
			rows = append(rows, models.Overlay{Kind: models.OverlayFAQ, Key: e.Key, Body: string(entry.Body()), Source: "seed"})
		}
	}
	return rows, problems
}

// materialBody checks one material and stores its file. Other bytes under the same
// key are a new version, unless the file says which version it is.
func materialBody(c Config, body json.RawMessage, dir string, old models.Overlay) (json.RawMessage, error) {
	m, err := storedMaterial(c, body, dir)
	if err != nil {
		return nil, err
	}
	var said struct{ Version *int }
	_ = json.Unmarshal(body, &said) // its shape was checked above
	if before, faults := content.DecodeMaterial([]byte(old.Body)); old.Body != "" && len(faults) == 0 && said.Version == nil {
		m.Version = before.Version
		if before.SHA256 != m.SHA256 || before.URL != m.URL {
			m.Version++
		}
	}
	row := content.Row{Kind: models.OverlayMaterial, Key: m.Key, Body: m.Body()}
	for _, p := range content.CheckRow(row) {
		return nil, errors.New(p.Text)
	}
	return m.Body(), nil
}

func storedMaterial(c Config, body json.RawMessage, dir string) (content.Material, error) {
	m, faults := content.DecodeMaterial(body)
	if len(faults) > 0 {
		return m, errors.New(faults[0].Text)
	}
	if m.Image != "" {
		return m, errors.New("image: a seeded material has no cover picture of its own; put the material into content/ instead")
	}
	if m.File == "" {
		return m, nil
	}
	f, err := openMaterialFile(c, dir, m.File)
	if err != nil {
		return m, err
	}
	defer f.Close()
	m.SHA256, m.Size, m.Type, err = content.StoreFile(c.Storage.Dir, f)
	m.FileName, m.File = path.Base(filepath.ToSlash(m.File)), ""
	if err != nil {
		return m, err
	}
	return m, content.CheckFile(m.Kind, m.Type, m.Size, func() (fs.File, error) { return os.DirFS(c.Storage.Dir).Open(content.StoredPath(m.SHA256)) })
}

// openMaterialFile looks beside the seed file, then in the content.
func openMaterialFile(c Config, dir, name string) (fs.File, error) {
	if filepath.IsAbs(name) {
		return os.Open(name)
	}
	if f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name))); err == nil {
		return f, nil
	}
	files := content.Sample()
	if c.Content.Dir != "" {
		files = os.DirFS(c.Content.Dir)
	}
	for _, p := range []string{path.Join("materials", name), path.Clean(name)} {
		if !fs.ValidPath(p) {
			continue
		}
		if f, err := files.Open(p); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("file %s is neither beside the seed file nor in the content", name)
}
