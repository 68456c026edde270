package cases

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// recompute draws a sample as anybody can who has the published seed and the list: hash
// every number behind the seed, sort, take the share rounded up.
func recompute(seed string, share int, list []string) map[string]bool {
	byHash := map[string]string{}
	var hashes []string
	for _, id := range list {
		h := fmt.Sprintf("%x", sha256.Sum256([]byte(seed+"|"+id)))
		byHash[h] = id
		hashes = append(hashes, h)
	}
	sort.Strings(hashes)
	n := len(list) * share / 100
	if n*100 < len(list)*share {
		n++
	}
	out := map[string]bool{}
	for _, h := range hashes[:n] {
		out[byHash[h]] = true
	}
	return out
}

func TestDrawCanBeRecomputed(t *testing.T) {
	t.Parallel()
	for n := range 40 {
		var list []string
		for i := range n {
			list = append(list, number("W", i*7+1))
		}
		for _, share := range []int{1, 30, 99, 100} {
			seed := seedOf(fmt.Sprintf("【例会】%d", n))
			got, want := Draw(seed, share, list), recompute(seed, share, list)
			if len(got) != len(want) {
				t.Fatalf("%d of %d: drew %d, recomputed %d", share, n, len(got), len(want))
			}
			for _, id := range got {
				if !want[id] {
					t.Fatalf("%d of %d: %s was drawn and cannot be recomputed", share, n, id)
				}
			}
			backwards := slices.Clone(list)
			slices.Reverse(backwards)
			if !slices.Equal(got, Draw(seed, share, backwards)) {
				t.Fatal("the order of the list matters")
			}
		}
	}
	list := []string{"W01", "W02", "W03", "W04", "W05", "W06", "W07", "W08", "W09", "W10"}
	if slices.Equal(Draw("a", 30, list), Draw("b", 30, list)) && slices.Equal(Draw("a", 30, list), Draw("c", 30, list)) {
		t.Error("the seed does not matter")
	}
}

// Whoever has read the two messages can check the draw: the seed is the paper's own hash, and
// with it the list of those that took part gives the sample, and no other.
func TestDrawCanBeCheckedFromWhatWasSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, place := range []string{"彩虹花苑南门", "彩虹花苑北门", "文苑小区东门", "文苑小区西门", "站前小区东门", "梅园新村东门", "188弄北门"} {
		h.say("dc-1", "/查 "+place+" 没测温 已当场改")
		h.say("dc-1", "/查 "+place+" 门口无人 已当场改")
	}
	h.say("dc-1", "/查 荷塘月色苑正门 没测温") // not mended: takes part in no draw
	said := func(at time.Time, run func(context.Context, *handlers.Moment) (handlers.Outcome, error)) string {
		h.now = at
		var text string
		_, _, err := handlers.Settle(context.Background(), h.store, handlers.Occasion{ID: "duty:" + at.String(), Actor: "-", Command: "duty"}, h.desk(), nil, func() (handlers.Outcome, error) {
			out, err := run(context.Background(), &handlers.Moment{Desk: *h.desk(), Duty: &config.Duty{}})
			for _, p := range out.Pushes {
				parcel, _ := handlers.OpenParcel(p.Body)
				text = parcel.Content.Text
			}
			return out, err
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	day := h.now.Truncate(24 * time.Hour)
	paper := said(day.Add(10*time.Hour+30*time.Minute), h.family.paperDuty)
	draw := said(day.Add(25*time.Hour), h.family.drawDuty)

	above, seed, ok := strings.Cut(paper, "\n明早回头看的种子：")
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(above)))[:16]; !ok || seed != want {
		t.Fatalf("the paper's seed is %q, its hash %s", seed, want)
	}
	lines := strings.Split(draw, "\n")
	if !strings.Contains(lines[0], "种子"+seed) {
		t.Fatalf("drawn with another seed: %s", lines[0])
	}
	want := map[string]bool{}
	_, pools, ok := strings.Cut(lines[len(lines)-2], "：")
	for _, pool := range strings.Split(pools, "；") {
		words := strings.Fields(pool)
		share := 0
		if _, err := fmt.Sscanf(strings.TrimLeftFunc(words[0], func(r rune) bool { return r < '0' || r > '9' }), "%d%%", &share); err != nil {
			t.Fatalf("%q: %v", words[0], err)
		}
		for id := range recompute(seed, share, words[1:]) {
			want[id] = true
		}
	}
	for _, l := range lines[1 : len(lines)-2] {
		id, _, _ := strings.Cut(l, " ")
		if !want[id] {
			t.Errorf("%s was drawn and cannot be recomputed", id)
		}
		delete(want, id)
	}
	if len(want) > 0 || !ok || len(lines) < 12 || strings.Contains(draw, "W15") {
		t.Errorf("not drawn: %v\n%s", want, draw)
	}
}
