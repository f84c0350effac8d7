package line

import (
	"bytes"
	_ "embed" // the font
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"akari/bot"
)

// The picture that MenuPicture draws: LINE's recommended small and large sizes
// in half, which every phone shows sharply and is far below 1 MB.
const (
	pictureWidth  = 1250
	pictureBand   = 422 // up to three buttons
	pictureSquare = 843 // four buttons, two by two
)

//go:embed font/BIZUDPGothic-menu.ttf
var trueType []byte

// Font is BIZ UDPGothic with the characters that everyday Japanese is written in
// (JIS level 1), as TrueType: what the program draws other pictures with.
func Font() []byte { return trueType }

// MenuPicture draws a menu's buttons as EnsureMenu does for a menu without a
// picture. Characters that the font has not, such as emoji, are left out of the
// picture; the buttons themselves keep them. Equal menus give equal pictures.
func MenuPicture(m bot.Menu) ([]byte, error) {
	parsed, err := opentype.Parse(trueType)
	if err != nil {
		return nil, fmt.Errorf("line: the font of the menu's picture: %w", err)
	}
	n := len(m.Buttons)
	if n == 0 || n > 4 {
		return nil, fmt.Errorf("line: a menu of %d buttons, there must be 1 to 4", n)
	}
	height := pictureBand
	if n == 4 {
		height = pictureSquare
	}
	canvas := image.NewRGBA(image.Rect(0, 0, pictureWidth, height))
	paint(canvas, canvas.Bounds(), color.RGBA{0xE4, 0xDF, 0xD5, 0xFF})
	for i, r := range menuAreas(n, pictureWidth, height) {
		paint(canvas, r.Inset(5), color.RGBA{0xFB, 0xF8, 0xF2, 0xFF})
		bar := image.Rect(r.Min.X+5, r.Min.Y+5, r.Max.X-5, r.Min.Y+21)
		paint(canvas, bar, color.RGBA{0x9A, 0x5B, 0x00, 0xFF})
		if err := write(canvas, r.Inset(30), m.Buttons[i].Label, parsed); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		return nil, fmt.Errorf("line: the menu's picture: %w", err)
	}
	return out.Bytes(), nil
}

func paint(canvas *image.RGBA, r image.Rectangle, c color.RGBA) {
	draw.Draw(canvas, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// write centres s in r, as large as fits up to 64 points.
func write(canvas *image.RGBA, r image.Rectangle, s string, f *opentype.Font) error {
	var known []rune
	var buffer sfnt.Buffer
	for _, r := range s {
		if i, err := f.GlyphIndex(&buffer, r); err == nil && i != 0 {
			known = append(known, r)
		}
	}
	s = string(known)
	for size := 64.0; ; size -= 4 {
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return fmt.Errorf("line: the font of the menu's picture: %w", err)
		}
		width := font.MeasureString(face, s).Ceil()
		if width > r.Dx() && size > 16 {
			continue
		}
		metrics := face.Metrics()
		x := r.Min.X + max(0, r.Dx()-width)/2
		y := r.Min.Y + (r.Dy()+metrics.Ascent.Ceil()-metrics.Descent.Ceil())/2
		d := font.Drawer{Dst: canvas, Src: image.NewUniform(color.RGBA{0x1F, 0x1B, 0x16, 0xFF}), Face: face, Dot: fixed.P(x, y)}
		d.DrawString(s)
		return nil
	}
}
