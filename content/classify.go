package content

import (
	"math"
	"slices"
)

// classifier tells entries with many wordings apart by what their wordings have
// in common, where ranking only sees the one that is nearest. It is a linear
// model (multinomial logistic regression) over words and character grams. One
// more class stands for every other entry.
type classifier struct {
	classes []int          // entries, by class
	place   map[uint64]int // of a feature in weights
	weights []float32      // feature by feature, for each class and then the rest
	bias    []float32
}

const (
	// classFrom is how many wordings make an entry one that can be learned.
	classFrom = 10
	// classBudget bounds training, in multiplications: about a third of a second.
	classBudget = 300e6
	// updateBudget bounds it where only some entries changed.
	updateBudget = 12e6
	classEpochs  = 20
	maxFeatures  = 60_000
	maxWeights   = 6 << 20 // 24 MB
	// restShare is how many wordings of other entries are learned from, as a
	// multiple of those of the classes.
	restShare = 2
)

// example is one wording for training.
type example struct {
	class    int
	features []int32
}

// train learns from the entries of docs that have many wordings, or gives nil
// where there are fewer than two or learning would take longer than budget.
func train(ana *analyzer, docs []docText, budget float64) *classifier {
	c := &classifier{place: map[uint64]int{}}
	var mine, rest []int
	wordings := 0
	for i, d := range docs {
		if len(d.utterances) >= classFrom {
			mine = append(mine, i)
			wordings += len(d.utterances)
		} else {
			rest = append(rest, i)
		}
	}
	k := len(mine) + 1
	if len(mine) < 2 || float64(wordings*k)*40*4 > budget {
		return nil
	}
	c.classes = mine
	var examples []example
	df := map[uint64]int{}
	var raw [][]uint64
	take := func(class int, text string) {
		fs := features(ana, text)
		for _, f := range fs {
			df[f]++
		}
		raw = append(raw, fs)
		examples = append(examples, example{class: class})
	}
	for class, i := range mine {
		for _, u := range docs[i].utterances {
			take(class, u.text)
		}
	}
	step := max(1, len(rest)/(restShare*wordings+1)) // evenly over the other entries
	for at := 0; at < len(rest); at += step {
		take(k-1, docs[rest[at]].utterances[0].text)
	}
	nonzero := 0
	for i, fs := range raw {
		for _, f := range fs {
			p, ok := c.place[f]
			if !ok {
				if df[f] < 2 || len(c.place) == maxFeatures || (len(c.place)+1)*k > maxWeights {
					continue
				}
				p = len(c.place)
				c.place[f] = p
			}
			examples[i].features = append(examples[i].features, int32(p))
		}
		nonzero += len(examples[i].features)
	}
	epochs := min(classEpochs, int(budget/float64(2*nonzero*k+1)))
	if epochs < 2 {
		return nil
	}
	c.fit(examples, epochs, k)
	return c
}

// features of a text: its distinct words and grams.
func features(ana *analyzer, text string) []uint64 {
	var t terms
	ana.analyze(text, maxQueryRunes, &t)
	fs := t.bigrams()
	fs = append(append(fs, t.words...), t.grams...)
	slices.Sort(fs)
	return slices.Compact(fs)
}

// bigrams are neighbouring words, which tell "change address" from "address".
func (t *terms) bigrams() []uint64 {
	t.next = t.next[:0]
	for i := range t.all {
		t.next = append(t.next, t.all[i]*0x9E3779B97F4A7C15)
		if i > 0 {
			t.next = append(t.next, t.all[i-1]*0x9E3779B97F4A7C15+t.all[i])
		}
	}
	return t.next
}

// fit is stochastic gradient descent with AdaGrad's steps, in a fixed order
// (every so-manyth example), so that the same content gives the same model.
func (c *classifier) fit(examples []example, epochs, k int) {
	const rate, decay = 0.5, 1e-4
	n := len(c.place)
	c.weights, c.bias = make([]float32, n*k), make([]float32, k)
	grad := make([]float32, n) // one step size a feature: a per-weight one is twice the memory
	p := make([]float32, k)
	stride := coprime(len(examples))
	for e := range epochs {
		at := e
		for range examples {
			at = (at + stride) % len(examples)
			x := examples[at]
			if len(x.features) == 0 {
				continue
			}
			c.chances(x.features, p)
			miss := 1 - p[x.class]
			p[x.class] -= 1
			scale := evenLength(len(x.features))
			for _, f := range x.features {
				grad[f] += miss * miss * scale * scale
				step := rate / float32(math.Sqrt(float64(grad[f]))+1e-3) * scale
				if step > 5 {
					step = 5
				}
				row := c.weights[int(f)*k : int(f)*k+k]
				for j, g := range p {
					row[j] -= step*g + decay*row[j]
				}
			}
			for j, g := range p {
				c.bias[j] -= 0.05 * g
			}
		}
	}
}

// evenLength keeps long wordings from shouting.
func evenLength(features int) float32 { return float32(1 / math.Sqrt(float64(features))) }

// coprime is a stride that visits n examples in a scattered order.
func coprime(n int) int {
	for s := n*5/8 + 1; ; s++ {
		a, b := s, n
		for b != 0 {
			a, b = b, a%b
		}
		if a == 1 {
			return s
		}
	}
}

// chances fills p with the chance of each class, the last being the rest.
func (c *classifier) chances(fs []int32, p []float32) {
	k := len(p)
	copy(p, c.bias)
	scale := evenLength(max(1, len(fs)))
	for _, f := range fs {
		for j, w := range c.weights[int(f)*k : int(f)*k+k] {
			p[j] += w * scale
		}
	}
	top := slices.Max(p)
	sum := float32(0)
	for j := range p {
		p[j] = float32(math.Exp(float64(p[j] - top)))
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
}

// classify gives the chance of each class for a question's terms; fs is reused.
func (c *classifier) classify(q *terms, p []float32, fs []int32) []int32 {
	fs = fs[:0]
	for _, list := range [][]uint64{q.words, q.grams, q.next} {
		for _, t := range list {
			if f, ok := c.place[t]; ok {
				fs = append(fs, int32(f))
			}
		}
	}
	if len(fs) == 0 {
		clear(p)
		return fs
	}
	c.chances(fs, p)
	return fs
}
