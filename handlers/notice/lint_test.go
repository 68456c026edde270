package notice

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/lint")

var shanghai = time.FixedZone("CST", 8*3600)

func testDesk(at time.Time) desk {
	return desk{
		at: at, tonight: time.Date(at.Year(), at.Month(), at.Day(), 20, 0, 0, 0, shanghai),
		me: "纪工委一", units: []string{"梅园", "文苑", "文苑3居"},
	}
}

// Twenty notices as people wrote them, ten of which the linter sends back. A file holds the
// moment, the text, and what is held against it with the line that would mend it.
func TestLint(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/lint/*.txt")
	if err != nil || len(files) != 20 {
		t.Fatalf("%d fixtures, want 20: %v", len(files), err)
	}
	faulty := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, _ := strings.Cut(string(data), "\n")
		text, want, _ := strings.Cut(rest, "--\n")
		at, err := time.ParseInLocation("= 2006-01-02 15:04", head, shanghai)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		d := testDesk(at)
		s := readSheet(text, d)
		got := fmt.Sprintf("%s，%d件", s.Class, duties(s.Body))
		if !s.Due.IsZero() {
			got += "，" + s.Due.Format("1月2日15:04") + "前"
		}
		got += "\n"
		faults := lint(s, d)
		for _, f := range faults {
			got += "× " + f.What + "\n"
			if f.Line != "" {
				got += "  + " + f.Line + "\n"
			}
		}
		if len(faults) > 0 {
			faulty++
		}
		if (len(faults) > 0) != strings.Contains(file, "faulty") {
			t.Errorf("%s: %d faults", file, len(faults))
		}
		// What the linter proposes, it accepts.
		mends := true
		for _, f := range faults {
			mends = mends && f.Line != ""
		}
		if mends {
			if left := lint(readSheet(s.text(faults), d), d); len(left) > 0 {
				// A task in disguise becomes one, and is then asked for the rest.
				if again := lint(readSheet(readSheet(s.text(faults), d).text(left), d), d); len(again) > 0 {
					t.Errorf("%s: mended and still %v", file, again)
				}
			}
		}
		if *update {
			if err := os.WriteFile(file, []byte(head+"\n"+text+"--\n"+got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	if faulty != 10 {
		t.Errorf("%d faulty fixtures, want 10", faulty)
	}
}
