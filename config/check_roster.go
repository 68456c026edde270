package config

import (
	"fmt"
	"time"
)

// checkRosters finds what is wrong between the posts of one pack.
func checkRosters(r *reader, x Rosters) {
	posts := newNames(r, "岗位")
	for i, p := range x.Posts {
		posts.add(p.Name, "rosters.posts.%d.name", i)
		for j, w := range p.Words {
			posts.alias(p.Name, w, "rosters.posts.%d.words.%d", i, j)
		}
		for j, s := range p.Slots {
			if length := time.Duration(s.Minutes()) * time.Minute; s != (Slot{}) && length > p.Length {
				r.problem(r.placeOf("rosters.posts.%d.slots.%d", i, j), fmt.Sprintf("“%s”一班%d分钟，比 longest 还长", p.Name, s.Minutes()), "分成两班，或改 longest")
			}
		}
		if p.Need > p.Most {
			r.problem(r.placeOf("rosters.posts.%d.need", i), "“"+p.Name+"”的 need 比 most 还大", "改 need 或 most")
		}
	}
	if x.Alarm <= x.Row {
		r.problem(r.placeOf("rosters.alarm"), fmt.Sprintf("alarm 是%d天，不比 days_in_a_row 的%d天长", x.Alarm, x.Row), "alarm 要长些：签过字的才会到那一天")
	}
	if x.Late >= x.Early {
		r.problem(r.placeOf("rosters.late"), "late 不比 early 短", "先告诉志愿服务中心，再告诉值班室：early 3h，late 1h")
	}
	if x.Rest < 8*time.Hour {
		r.problem(r.placeOf("rosters.rest"), "两班之间休息不到8小时", "至少写 8h，通常 11h")
	}
}
