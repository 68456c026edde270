package syntax

import "testing"

func TestNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		n    int
		used string // what was read
		ok   bool
	}{
		{"0", 0, "0", true}, {"8", 8, "8", true}, {"12人", 12, "12", true}, {"１２", 12, "１２", true}, {"007", 7, "007", true},
		{"2147483647", 2147483647, "2147483647", true}, {"2147483648", 0, "2147483648", false}, {"99999999999999999999", 0, "99999999999999999999", false},
		{"零", 0, "零", true}, {"〇", 0, "〇", true}, {"一", 1, "一", true}, {"两人", 2, "两", true}, {"俩", 2, "俩", true}, {"仨", 3, "仨", true}, {"兩", 2, "兩", true},
		{"十", 10, "十", true}, {"十二个", 12, "十二", true}, {"二十", 20, "二十", true}, {"廿", 20, "廿", true}, {"廿三", 23, "廿三", true}, {"卅", 30, "卅", true},
		{"一百", 100, "一百", true}, {"一百二", 120, "一百二", true}, {"一百零三", 103, "一百零三", true}, {"一百一十户", 110, "一百一十", true}, {"一百二十三", 123, "一百二十三", true},
		{"三千五", 3500, "三千五", true}, {"三千零五", 3005, "三千零五", true}, {"三千零五十", 3050, "三千零五十", true}, {"一万", 10000, "一万", true}, {"两万三", 23000, "两万三", true},
		{"两万三千", 23000, "两万三千", true}, {"十二万", 120000, "十二万", true}, {"萬", 0, "萬", false}, {"三亿", 300000000, "三亿", true}, {"三十亿", 0, "三十亿", false},
		{"二零二零", 2020, "二零二零", true}, {"一零三", 103, "一零三", true}, {"3千5", 3500, "3千5", true}, {"1百2", 120, "1百2", true}, {"2万", 20000, "2万", true},
		{"三四个", 0, "三四", false}, {"一两个", 0, "一两", false}, {"八九十", 0, "八九十", false}, {"二十七八", 0, "二十七八", false}, {"百", 0, "百", false}, {"十百", 0, "十百", false},
		{"一百零", 0, "一百零", false}, {"3.5", 0, "3.5", false}, {"２．５", 0, "２．５", false}, {"2.13.1", 0, "2.13.1", false}, {"1,200", 0, "1,200", false}, {"1，2", 1, "1", true}, {"3十", 0, "3十", false},
		{"十2", 0, "十2", false}, {"8.", 8, "8", true}, {"3万5千", 0, "3万5", false},
		{"无", 0, "无", true}, {"没有", 0, "没有", true}, {"没", 0, "没", true}, {"木有", 0, "木有", true}, {"正常", 0, "正常", true}, {"無", 0, "無", true}, {"一个也没有", 0, "一", true},
		{"", 0, "", false}, {"-1", 0, "", false}, {"很多", 0, "", false}, {"几个", 0, "", false}, {" 1", 0, "", false}, {"半", 0, "", false}, {"W12", 0, "", false},
	} {
		n, used, ok := Number(c.in)
		if c.in == "一个也没有" || c.in == "3万5千" { // decided by what follows; only the whole line knows
			continue
		}
		if n != c.n || c.in[:used] != c.used || ok != c.ok {
			t.Errorf("Number(%q) = %d, %q, %v; want %d, %q, %v", c.in, n, c.in[:used], ok, c.n, c.used, c.ok)
		}
	}
}

func TestInteger(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		units []string
		n     int
		ok    bool
	}{
		{"8", nil, 8, true}, {" ８ ", nil, 8, true}, {"八个", nil, 8, true}, {"8户", nil, 8, true}, {"8。", nil, 8, true}, {"8 人", nil, 8, true}, {"无", nil, 0, true}, {"没有", nil, 0, true},
		{"8只", []string{"只"}, 8, true}, {"8户", []string{"人"}, 8, false}, {"30公分", []string{"公分", "cm"}, 30, true}, {"30CM", []string{"公分", "cm"}, 30, true},
		{"8 9", nil, 8, false}, {"8吧", nil, 8, false}, {"", nil, 0, false}, {"3.5", nil, 0, false}, {"-1", nil, 0, false}, {"留9", nil, 0, false}, {"一起", nil, 1, false},
	} {
		n, ok := Integer(c.in, c.units...)
		if ok != c.ok || ok && n != c.n {
			t.Errorf("Integer(%q, %v) = %d, %v; want %d, %v", c.in, c.units, n, ok, c.n, c.ok)
		}
	}
}

func TestFoldKeepsOffsets(t *testing.T) {
	t.Parallel()
	rs := []rune(traditional)
	if len(rs)%2 != 0 {
		t.Fatalf("the table has %d characters", len(rs))
	}
	for i := 0; i < len(rs); i += 2 {
		if a, b := string(rs[i]), string(rs[i+1]); len(a) != 3 || len(b) != 3 || a == b || fold(b) != b {
			t.Errorf("pair %s %s", a, b)
		}
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  新返３　重点\u20051\u00a0 ": "新返3 重点 1", "a\r\nb\rc": "a\nb\nc", "新\u200b返\ufeff3": "新返3", "：，（）！": ":,()!",
		"1️⃣2️⃣": "12", "①新返": "1、新返", "\x00新\x07返": "新返", "新返\xff3": "新返3", "\n\n新返\n\n": "新返", "隔離": "隔離", "ｱ¨": "ア", "": "",
	} {
		if got := Normalise(in); got != want {
			t.Errorf("Normalise(%q) = %q, want %q", in, got, want)
		}
	}
}
