package main

import (
	"math"

	"akari/content"
)

type row struct {
	e      content.Example
	weight float64
}

// ridge keeps weights small where the sets say little: in units of one set's
// weight.
const ridge = 0.003

// fit is a weighted logistic regression by Newton's method; the constant is last.
func fit(rows []row, is func(content.Example) bool) []float64 {
	n := len(content.EvidenceNames()) + 1
	w := make([]float64, n)
	x := make([]float64, n)
	for range 30 {
		grad := make([]float64, n)
		hess := make([][]float64, n)
		for i := range hess {
			hess[i] = make([]float64, n)
			hess[i][i] = 1e-9
			if i < n-1 {
				grad[i], hess[i][i] = -ridge*w[i], ridge
			}
		}
		for _, r := range rows {
			copy(x, r.e.Evidence)
			x[n-1] = 1
			p, y := chance(w, r.e.Evidence), 0.0
			if is(r.e) {
				y = 1
			}
			for i := range n {
				grad[i] += r.weight * (y - p) * x[i]
				for j := range n {
					hess[i][j] += r.weight * p * (1 - p) * x[i] * x[j]
				}
			}
		}
		for i, d := range solve(hess, grad) {
			w[i] += d
		}
	}
	return w
}

func chance(w, evidence []float64) float64 {
	z := w[len(w)-1]
	for i, v := range evidence {
		z += w[i] * v
	}
	return 1 / (1 + math.Exp(-z))
}

// solve is Gauss's elimination with pivots.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for c := range n {
		p := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		a[c], a[p] = a[p], a[c]
		b[c], b[p] = b[p], b[c]
		for r := c + 1; r < n; r++ {
			f := a[r][c] / a[c][c]
			for k := c; k < n; k++ {
				a[r][k] -= f * a[c][k]
			}
			b[r] -= f * b[c]
		}
	}
	x := make([]float64, n)
	for r := n - 1; r >= 0; r-- {
		x[r] = b[r]
		for k := r + 1; k < n; k++ {
			x[r] -= a[r][k] * x[k]
		}
		x[r] /= a[r][r]
	}
	return x
}
