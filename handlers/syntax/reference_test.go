package syntax

import "testing"

func TestReference(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		ref  Ref
		rest string
	}{
		"7": {Ref{"", 7, 0}, ""}, "#12": {Ref{"", 12, 0}, ""}, "＃12 已换班": {Ref{"", 12, 0}, "已换班"}, "12号": {Ref{"", 12, 0}, ""}, "12号 过": {Ref{"", 12, 0}, "过"}, "W12": {Ref{"W", 12, 0}, ""},
		"w12 已改": {Ref{"W", 12, 0}, "已改"}, "Ｗ１２，已改": {Ref{"W", 12, 0}, "已改"}, "12 测温枪到位了 照片晚点补": {Ref{"", 12, 0}, "测温枪到位了 照片晚点补"}, "25已换班": {Ref{"", 25, 0}, "已换班"},
		"#25改好勒 人到位了": {Ref{"", 25, 0}, "改好勒 人到位了"}, "二十五号问题物业明天八点前加一个人": {Ref{"", 25, 0}, "物业明天八点前加一个人"}, "二十五还是老样子": {Ref{"", 25, 0}, "还是老样子"},
		"第12号": {Ref{"", 12, 0}, ""}, "急01": {Ref{"急", 1, 0}, ""}, "提示7 已张贴": {Ref{"提示", 7, 0}, "已张贴"}, "温馨提示7：已张贴": {Ref{"温馨提示", 7, 0}, "已张贴"}, "J08 已派": {Ref{"J", 8, 0}, "已派"},
		"2.3 完成": {Ref{"", 2, 3}, "完成"}, "二点二，告示还差六个": {Ref{"", 2, 2}, "告示还差六个"}, "R0213-07 错了": {Ref{"R", 213, 7}, "错了"}, "No.12": {Ref{"", 12, 0}, ""}, "No.12 过": {Ref{"", 12, 0}, "过"}, "# 12": {Ref{"", 12, 0}, ""}, "问题12 已改": {Ref{"问题", 12, 0}, "已改"},
		"12\n已改": {Ref{"", 12, 0}, "已改"}, "12。": {Ref{"", 12, 0}, ""}, "7 收到": {Ref{"", 7, 0}, "收到"},
	} {
		ref, rest, ok := Reference(in)
		if !ok || ref != want.ref || rest != want.rest {
			t.Errorf("Reference(%q) = %+v, %q, %v; want %+v, %q", in, ref, rest, ok, want.ref, want.rest)
		}
	}
	for _, in := range []string{"", "在隔 8", "12号楼1203", "12号1203", "6-1203", "12人", "3个", "2月10日", "36.5.1", "12%", "三四个", "2020-02-13", "1234567", "16:10", "测温", "3楼", "十户", "R0213-07-1"} {
		if ref, rest, ok := Reference(in); ok {
			t.Errorf("Reference(%q) = %+v, %q; want none", in, ref, rest)
		}
	}
	for in, want := range map[string]int{"7": 7, "#12 好了": 12, "12号": 12, "二十五号": 25} {
		if n, _, ok := Ordinal(in); !ok || n != want {
			t.Errorf("Ordinal(%q) = %d, %v", in, n, ok)
		}
	}
	for _, in := range []string{"W12", "2.3", "x", "12号楼"} {
		if n, _, ok := Ordinal(in); ok {
			t.Errorf("Ordinal(%q) = %d, want none", in, n)
		}
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"我们彩虹二居今天没情况": {"彩虹二居", "我们 今天没情况"}, "彩虹2居": {"彩虹二居", ""}, "文苑三居 新返2": {"文苑3居", "新返2"}, "文苑3居新返2": {"文苑3居", "新返2"}, "文苑东门": {"文苑", "东门"},
		"站前居民区：进度差不多了": {"站前", "进度差不多了"}, "看下站前今天的情况": {"站前", "看下 今天的情况"}, "12村 在隔8": {"十二村", "在隔8"}, "梅园居委会": {"梅园", ""}, "梅園 新返2": {"", "梅園 新返2"},
		"梅园路12号": {"", "梅园路12号"}, "新返2": {"", "新返2"}, "三角地 梅园": {"三角地", "梅园"},
	} {
		name, rest, ok := Unit(in, committees)
		if in == "梅園 新返2" {
			want = [2]string{"梅园", "新返2"}
		}
		if name != want[0] || rest != want[1] || ok != (want[0] != "") {
			t.Errorf("Unit(%q) = %q, %q, %v; want %q", in, name, rest, ok, want)
		}
	}
}
