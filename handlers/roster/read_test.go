package roster

import (
	"testing"

	"juwei/config"
)

// Lines as people type them, and what they mean (cards S02, S44, S12).
func TestHear(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.desk() // Thursday 2020-02-13 15:00
	meiyuan, _, _ := d.Dir.Person("sj-meiyuan")
	for _, k := range []struct {
		line, post, place string
		day               config.Day
		days              int
		from, to          string
		need              int
	}{
		{"测温 南门 明早8-12 2人", "测温", "彩虹花苑南门", "2020-02-14", 1, "08:00", "12:00", 2},
		{"值守 188弄 今晚6点到10点 缺1", "值守", "188弄", "2020-02-13", 1, "18:00", "22:00", 1},
		{"测温 北门明天8点半到11点半要两个人", "测温", "彩虹花苑北门", "2020-02-14", 1, "08:30", "11:30", 2},
		{"1 旧里值守 2.14-2.18", "值守", "", "2020-02-14", 5, "08:00", "12:00", 1},
		{"2 门岗 明晚", "门岗", "", "2020-02-14", 1, "22:00", "06:00", 2},
		{"门岗 东门 明天下午 要３个人", "门岗", "梅园新村东门", "2020-02-14", 1, "14:00", "22:00", 3},
		{"巡逻，东弄口，周六晚上7点到9点，两人", "巡逻", "东弄口", "2020-02-15", 1, "19:00", "21:00", 2},
		{"口罩登记 2月16日 上午 缺四个", "口罩预约", "", "2020-02-16", 1, "08:30", "11:30", 4},
		{"值守 14号到16号 夜里 一个人", "值守", "", "2020-02-14", 3, "18:00", "22:00", 1},
		{"巡逻 南门 明天9-17 2人", "巡逻", "彩虹花苑南门", "2020-02-14", 1, "09:00", "17:00", 2},
		{"巡逻 南门 2.16 14-16 1人", "巡逻", "彩虹花苑南门", "2020-02-16", 1, "14:00", "16:00", 1},
		{"测温 南门 2/14 8:30-11:30 需2", "测温", "彩虹花苑南门", "2020-02-14", 1, "08:30", "11:30", 2},
	} {
		w := hear(d, meiyuan, k.line)
		if w.post == nil {
			t.Errorf("%s: no post", k.line)
			continue
		}
		slot := w.slotFor()
		day := config.Day("")
		if len(w.days) > 0 {
			day = w.days[0]
		}
		if w.post.Name != k.post || w.place != k.place || day != k.day || len(w.days) != k.days || slot.From.String() != k.from || (slot.To%(24*60)).String() != k.to || w.need != k.need {
			t.Errorf("%s: %s·%s %s×%d %s–%s %d人", k.line, w.post.Name, w.place, day, len(w.days), slot.From, slot.To, w.need)
		}
	}
}
