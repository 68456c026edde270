package syntax

import "testing"

func TestYesAndNo(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1", "１", "1。", " 1 ", "①", "1️⃣", "是", "是的", "对", "对的", "对的呀", "对。", "好", "好的", "好的，谢谢", "确认", "嗯", "嗯嗯", "OK", "ok", "Ok！", "ＯＫ", "👌", "👌🏻", "👍", "[OK]", "對", "確認", "回1", "没错", "可以", "要", "yes", "采用"} {
		if !Yes(s) || No(s) {
			t.Errorf("%q: Yes %v, No %v", s, Yes(s), No(s))
		}
	}
	for _, s := range []string{"0", "2", "不", "不是", "不对", "错了", "取消", "算了", "no", "NO。", "不用谢谢"} {
		if !No(s) || Yes(s) {
			t.Errorf("%q: Yes %v, No %v", s, Yes(s), No(s))
		}
	}
	for _, s := range []string{"", "11", "1个", "1 2", "是不是", "对不起", "好像不对", "好多", "新返1", "确认一下再说", "收到", "谢谢", "8", "?", "1?3", "要人"} {
		if Yes(s) || No(s) {
			t.Errorf("%q: Yes %v, No %v", s, Yes(s), No(s))
		}
	}
}

func TestAck(t *testing.T) {
	t.Parallel()
	for in, note := range map[string]string{
		"收到": "", "收": "", "收到。": "", "收到！": "", "已收到": "", "好的": "", "好": "", "OK": "", "ok": "", "1": "", "１": "", "👌": "", "👌🏼": "", "[OK]": "", "收到谢谢": "", "明白": "", "知道了": "", "收到收到": "", "好的呀": "",
		"收到，下午落实": "下午落实", "收到 下午落实": "下午落实", "收到下午落实": "下午落实", "收到马上办": "马上办", "好的，已张贴": "已张贴", "1，下午落实": "下午落实", "OK，下午": "下午", "ok下午落实": "下午落实", "👌马上": "马上",
		"收。明天办": "明天办", "收到\n明天上午完成": "明天上午完成", "收到[握手]": "[握手]", "收到领导": "领导", "[OK] 明天": "明天",
	} {
		got, ok := AckNote(in)
		if !ok || got != note || !Ack(in) {
			t.Errorf("AckNote(%q) = %q, %v; want %q", in, got, ok, note)
		}
	}
	for _, in := range []string{"", "收费站", "收到了吗？", "收到口罩50只", "好像不对", "好多人", "1个发热", "1 个发热", "10", "1.新返3", "1、新返3", "没收到", "不好", "新返1", "收到?", "12", "了解情况后再报", "1，2"} {
		if note, ok := AckNote(in); ok {
			t.Errorf("AckNote(%q) = %q, want none", in, note)
		}
	}
}
