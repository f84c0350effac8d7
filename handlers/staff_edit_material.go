package handlers

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime/multipart"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// materialEditors may publish materials: those who send them out.
var materialEditors = []string{"admin", "sender"}

// uploadMost is how long sending a file may take.
const uploadMost = 15 * time.Minute

// staffFile is a file that came with a form, stored already.
type staffFile struct {
	name, sha, mime string
	size            int64
	kind            content.Kind // of material that it was looked at for
	fault           error        // what is wrong with it for that kind
	old             *staffFile   // the file that it takes the place of, stored so that links can stay with it
}

// takeFile stores a file that comes with a form and looks at it, both before the
// transaction: a video takes a while. What is wrong with it is told at its field.
// Bytes that are used for nothing go by akari retention run (content.ClearStored).
func (v *staffView) takeFile(part *multipart.Part) error {
	f := &staffFile{name: clip(path.Base(strings.ReplaceAll(part.FileName(), `\`, "/")), 200)}
	var err error
	f.sha, f.size, f.mime, err = content.StoreFile(v.h.Storage, part)
	switch {
	case errors.Is(err, content.ErrFileEmpty), errors.Is(err, content.ErrFileLarge):
		f.fault = err
	case err != nil:
		return err
	}
	v.file = f
	m, there := v.h.Library.AnyMaterial(v.r.PathValue("key"))
	if !there {
		m.Kind = content.Kind(v.sent.Get("kind"))
	}
	v.lookAtFile(m.Kind)
	if there && v.sent.Get("old_links") == "" { // the form names it before the file
		return v.keepOld(m)
	}
	return nil
}

// lookAtFile finds what is wrong with the file for a kind of material.
func (v *staffView) lookAtFile(k content.Kind) {
	f := v.file
	if f.sha == "" || f.kind == k {
		return
	}
	f.kind = k
	f.fault = content.CheckFile(k, f.mime, f.size, func() (fs.File, error) { return os.DirFS(v.h.Storage).Open(content.StoredPath(f.sha)) })
}

// keepOld stores the file that stands in content.dir: it exists there only until the
// operator takes it away.
func (v *staffView) keepOld(m content.Material) error {
	if m.File == "" || v.file.old != nil {
		return nil
	}
	f, err := v.h.Library.OpenFile(m)
	if err != nil {
		return err
	}
	defer f.Close()
	old := &staffFile{name: m.Name()}
	old.sha, old.size, old.mime, err = content.StoreFile(v.h.Storage, f)
	v.file.old = old
	return err
}

// seal is a stored file in a hidden field, so that it need not be sent again after
// a mistake elsewhere. It is good for the one who sent it.
func (v *staffView) seal(f *staffFile) string {
	body := url.Values{"name": {f.name}, "sha": {f.sha}, "mime": {f.mime}, "size": {strconv.FormatInt(f.size, 10)}, "kind": {string(f.kind)}}.Encode()
	return hex.EncodeToString(v.sealOf(body, v.h.Secrets[0])) + "." + body
}

func (v *staffView) sealOf(body string, secret []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("upload\x00" + v.who.Person.ID.String() + "\x00" + body))
	return mac.Sum(nil)
}

// keptFile is the file that came with an earlier try of the same form; it may have been
// cleared when that was long ago.
func (v *staffView) keptFile() {
	sum, body, _ := strings.Cut(v.sent.Get("kept"), ".")
	mac, err := hex.DecodeString(sum)
	if v.file != nil || err != nil || len(mac) == 0 {
		return
	}
	for _, secret := range v.h.Secrets {
		if hmac.Equal(mac, v.sealOf(body, secret)) {
			x, _ := url.ParseQuery(body) // it is ours
			if err := content.UseStored(v.h.Storage, x.Get("sha")); err != nil {
				v.wrong("file", "edit.file_gone")
				return
			}
			size, _ := strconv.ParseInt(x.Get("size"), 10, 64)
			v.file = &staffFile{name: x.Get("name"), sha: x.Get("sha"), mime: x.Get("mime"), size: size, kind: content.Kind(x.Get("kind"))}
		}
	}
}

func materialURL(key string) string { return "/staff/materials/" + url.PathEscape(key) }

// materialLinks lead on from a material's page.
func (v *staffView) materialLinks(key string) []web.Link {
	out := []web.Link{{Label: v.say("staff.all_events"), URL: "/staff/events?object=" + url.QueryEscape(key)}}
	if v.has(materialEditors) {
		out = append([]web.Link{{Label: v.say("edit.change"), URL: materialURL(key) + "/edit"}}, out...)
	}
	return out
}

// newMaterial is the form of a material that is not there yet.
func (v *staffView) newMaterial() (*staffEdit, error) {
	return v.materialForm(content.Material{Kind: content.Document, Owner: content.Owner{Person: v.who.Person.Key, Department: v.who.Person.Department}}, true)
}

// materialEdit is the form of a material: its words, its next version, its end.
func (v *staffView) materialEdit() (*staffEdit, error) {
	m, err := inForceOf(v.tx, models.OverlayMaterial, v.r.PathValue("key"), content.DecodeMaterial, v.h.Library.AnyMaterial)
	if err != nil {
		return nil, err
	}
	return v.materialForm(m, false)
}

func (v *staffView) materialForm(m content.Material, isNew bool) (*staffEdit, error) {
	v.keptFile()
	v.page.Title, v.page.Back = v.say("edit.new_material"), web.Link{Label: v.say("staff.materials"), URL: "/staff/materials"}
	if !isNew {
		v.page.Back = web.Link{Label: m.Title.In(v.lang), URL: materialURL(m.Key)}
	}
	out := &staffEdit{object: "material:" + m.Key, text: v.say("edit.material_new_text"), mark: string(m.Body())}
	if !isNew {
		v.page.Title = m.Title.In(v.lang)
		from, _, err := v.origin(models.OverlayMaterial, m.Key)
		if err != nil {
			return nil, err
		}
		out.text = from + "\n" + v.say("edit.material_is", "key", m.Key, "version", m.Version, "kind", v.say("edit.kind_"+string(m.Kind)), "name", cmp.Or(m.URL, m.Name()))
	} else {
		key := v.line("key", 100, "")
		kind := v.field(bot.Choice, "kind", string(m.Kind))
		for _, k := range content.Kinds {
			kind.Options = append(kind.Options, bot.Option{Label: v.say("edit.kind_" + string(k)), Value: string(k)})
		}
		out.fields = append(out.fields, key, required(kind))
	}
	for i, lang := range v.h.Vendor.Languages {
		title, text := v.line("title_"+lang, 200, m.Title[lang]), v.field(bot.Lines, "description_"+lang, m.Description[lang])
		title.Required, text.Max = i == 0, 1000
		out.fields = append(out.fields, title, text)
	}
	publish := section(v.say("edit.section_version"), v.field(fileField, "file"))
	old := v.fixed(v.field(bot.Choices, "old_links", "new"), "edit.old_links_", "new")
	if m.OldLinks == content.StaysOld {
		old.Value = nil
	}
	switch {
	case isNew:
		publish.Label = v.say("edit.file_first")
		publish.Hint = v.say("edit.file_first_hint")
		out.fields = append(out.fields, publish, v.line("url", 1000, ""))
	case m.Kind == content.Tool:
		out.fields = append(out.fields, section(v.say("edit.section_version"), old), required(v.line("url", 1000, m.URL)))
	default: // the file last: what else is said of it is known when it comes
		publish.Section = ""
		out.fields = append(out.fields, section(v.say("edit.section_version"), old), publish)
	}
	download, share := "", ""
	if m.Download {
		download = "yes"
	}
	if m.CompleteShare > 0 {
		share = strconv.Itoa(m.CompleteShare)
	}
	out.fields = append(out.fields, section(v.say("edit.section_more_material"), v.fixed(v.field(bot.Choices, "download", download), "edit.download_", "yes")),
		v.line("complete_share", 3, share), v.line("tags", 2000, strings.Join(m.Tags, "、")))
	owner := m.Owner
	var err error
	if !isNew {
		if owner, err = v.ownerNow(models.OwnedMaterial, m.Key, owner); err != nil {
			return nil, err
		}
	}
	common, err := v.contentFields(m.Audience, owner, m.ValidFrom, m.ValidUntil)
	if err != nil {
		return nil, err
	}
	out.fields = append(out.fields, common...)
	name := "material.change"
	if isNew {
		name = "material.add"
	}
	out.acts = []staffAct{{name: name, label: v.say("form.save"), do: func(args url.Values) (string, error) {
		next, err := v.saveMaterial(m, args, isNew)
		if err == nil && !isNew {
			err = v.own(models.OwnedMaterial, m.Key, owner, args)
		}
		return next, err
	}}}
	if !isNew && (m.ValidUntil == "" || m.ValidUntil > v.yesterday()) {
		out.acts = append(out.acts, staffAct{name: "material.expire", label: v.say("edit.expire"), style: "danger", loose: true, do: func(url.Values) (string, error) {
			m.ValidUntil = v.yesterday()
			if m.ValidFrom > m.ValidUntil {
				m.ValidFrom = ""
			}
			return saved(materialURL(m.Key)+"/edit", "expired"), v.put(models.OverlayMaterial, m.Key, m.Body())
		}})
	}
	return out, nil
}

func (v *staffView) saveMaterial(was content.Material, args url.Values, isNew bool) (string, error) {
	m := was
	if isNew {
		m.Kind = content.Kind(args.Get("kind"))
		if m.Key = strings.TrimSpace(args.Get("key")); m.Key == "" {
			m.Key = "m-" + models.NewID().String()
		}
		_, err := inForceOf(v.tx, models.OverlayMaterial, m.Key, content.DecodeMaterial, v.h.Library.AnyMaterial)
		switch {
		case !content.ValidKey(m.Key):
			v.wrong("key", "edit.bad_key")
		case err == nil:
			v.wrong("key", "edit.key_taken")
		case ignoreMissing(err) != nil:
			return "", err
		}
		v.object = "material:" + m.Key
	}
	m.Title, m.Description = v.texts(m.Title, "title_", args), v.texts(m.Description, "description_", args)
	m.Download, m.CompleteShare, m.Tags = args.Get("download") != "", 0, listed(args.Get("tags"))
	if share := args.Get("complete_share"); share != "" {
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(share), "%"))
		if err != nil || n < 1 || n > 100 {
			v.wrong("complete_share", "edit.bad_share")
		}
		m.CompleteShare = n
	}
	var err error
	if m.Audience, err = v.audienceOf(args); err != nil {
		return "", err
	}
	m.ValidFrom, m.ValidUntil = v.validOf(args)
	owner, err := v.ownerOf(args)
	if err != nil {
		return "", err
	}
	if isNew {
		m.Owner = owner
	}
	if !isNew {
		m.OldLinks = ""
		if args.Get("old_links") == "" {
			m.OldLinks = content.StaysOld
		}
	}
	published, err := v.publish(&m, args, isNew)
	if err != nil || v.refused() {
		return "", err
	}
	if published && !isNew && m.OldLinks == content.StaysOld && was.File != "" {
		if err := v.keepFileVersion(was); err != nil {
			return "", err
		}
	}
	done := "material"
	if published && !isNew {
		done = "version"
	}
	return saved(materialURL(m.Key)+"/edit", done), v.put(models.OverlayMaterial, m.Key, m.Body())
}

// publish gives a material what came with the form, as its next version; false:
// nothing new came.
func (v *staffView) publish(m *content.Material, args url.Values, isNew bool) (bool, error) {
	if m.Kind == content.Tool {
		if v.file != nil {
			v.wrong("file", "edit.tool_file")
		}
		link := strings.TrimSpace(args.Get("url"))
		if u, err := url.Parse(link); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
			v.wrong("url", "edit.bad_url")
		}
		if link == m.URL {
			return false, nil
		}
		m.URL = link
		m.Version++
		return true, nil
	}
	if args.Get("url") != "" {
		v.wrong("url", "edit.url_of_tool")
	}
	if v.file == nil {
		if isNew {
			v.wrong("file", "edit.file_missing")
		}
		return false, nil
	}
	if !v.goodFile(m.Kind) {
		return false, nil
	}
	if v.file.sha == m.SHA256 {
		return false, nil // the same bytes again are no new version
	}
	m.File, m.SHA256, m.FileName, m.Type, m.Size = "", v.file.sha, v.file.name, v.file.mime, v.file.size
	m.Version++
	return true, nil
}

// goodFile says what is wrong with the file for a kind of material.
func (v *staffView) goodFile(k content.Kind) bool {
	v.lookAtFile(k)
	var fault *content.FileFault
	switch err := v.file.fault; {
	case errors.Is(err, content.ErrFileEmpty):
		v.wrong("file", "edit.file_empty")
	case errors.Is(err, content.ErrFileLarge):
		v.wrong("file", "edit.file_large", "most", content.MaxStored>>20)
	case errors.As(err, &fault):
		v.wrong("file", "edit.file_"+fault.Why, "type", fault.Type, "have", fault.Have, "most", fault.Most, "wants", v.say("edit.wants_"+string(k)))
	case err != nil:
		v.wrong("file", "edit.file_unreadable")
	}
	return v.file.fault == nil
}

// keepFileVersion keeps the version that stands in a file as a row, so that links to
// it can stay with it when the next one takes its place.
func (v *staffView) keepFileVersion(was content.Material) error {
	m, ok := v.h.Library.AnyMaterial(was.Key)
	if !ok || m.File == "" || m.Version != was.Version {
		return nil
	}
	if err := v.keepOld(m); err != nil {
		return err
	}
	old := v.file.old
	was.File, was.FileName, was.SHA256, was.Size, was.Type = "", old.name, old.sha, old.size, old.mime
	_, err := v.tx.PutOverlays(models.Overlay{Kind: models.OverlayMaterial, Key: was.Key, Body: string(was.Body()), Source: "staff", UpdatedBy: v.who.Person.ID})
	return err
}

// texts reads a text in the vendor's languages; others stay.
func (v *staffView) texts(was content.Text, field string, args url.Values) content.Text {
	out := content.Text{}
	for lang, text := range was {
		out[lang] = text
	}
	for _, lang := range v.h.Vendor.Languages {
		if out[lang] = strings.TrimSpace(args.Get(field + lang)); out[lang] == "" {
			delete(out, lang)
		}
	}
	return out
}
