package config

import (
	"slices"
	"strings"
)

// nearest returns the word that a person who typed got most likely meant, or "".
func nearest(got string, words []string) string {
	best, least := "", 1+len([]rune(got))/3
	for _, w := range words {
		if n := distance(got, w); n <= least && (best == "" || n < distance(got, best)) {
			best = w
		}
	}
	if best == "" && got != "" {
		for _, w := range words {
			if strings.HasPrefix(w, got) || strings.HasPrefix(got, w) && w != "" {
				return w
			}
		}
	}
	// One character in common is no likeness: 甲 is not a typing mistake for 乙.
	if best != "" && distance(got, best) >= max(len([]rune(got)), len([]rune(best))) {
		return ""
	}
	return best
}

// distance counts the characters to insert, delete, replace or swap with a neighbour.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	above := make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(y)]
}

// meant returns the mend for an unknown word: the likeliest one, or all that are allowed.
func meant(got string, words []string) string {
	if w := nearest(got, words); w != "" {
		return "你是不是想写“" + w + "”？"
	}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	if len(words) == 0 {
		return "请去掉"
	}
	if len(words) > 12 {
		words = append(words[:12], "……")
	}
	return "可以写：" + strings.Join(words, "、")
}
