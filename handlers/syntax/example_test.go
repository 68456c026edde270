package syntax_test

import (
	"fmt"

	"juwei/handlers/syntax"
)

// One message from the first character to the last number.
func Example() {
	head := syntax.Split("@防控助手／日报　新返２，重点没有，解1个，在隔+2，困难缺口罩50只 谢谢", syntax.Vocabulary{
		BotNames: []string{"防控助手"},
		Commands: []syntax.Word{{Name: "日报", Aliases: []string{"报"}}},
	})
	fmt.Println(head.Command, head.Mentioned, head.Slash)
	reading := syntax.Fields(head.Rest, []syntax.Label{
		{Name: "新返"}, {Name: "重点"}, {Name: "解除", Aliases: []string{"解"}}, {Name: "在隔", Stock: true}, {Name: "发热"},
		{Name: "困难", Kind: syntax.Text},
	})
	for _, v := range reading.Values {
		fmt.Println(v.Label, v.Int, v.Text, v.Delta)
	}
	// Output:
	// 日报 true true
	// 新返 2  false
	// 重点 0  false
	// 解除 1  false
	// 在隔 2  true
	// 困难 0 缺口罩50只 false
}
