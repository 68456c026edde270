package config

import (
	"slices"
	"strings"
)

func readExport(v value) *Export {
	o := v.object()
	defer o.close()
	e := &Export{Place: v.at}
	e.Name = o.get("name").need().word() // a word is a good name of a sheet, too
	e.Office = o.get("office").text()
	if e.Corner = o.get("corner").text(); e.Corner == "" {
		e.Corner = "居民区"
	}
	e.Order = Order(o.get("order").oneOf(string(OrderFile), string(OrderFile), string(OrderOrdinal), string(OrderArea)))
	for _, w := range o.get("columns").need().items() {
		e.Columns = append(e.Columns, readColumn(w))
	}
	return e
}

func readColumn(v value) Column {
	o := v.object()
	defer o.close()
	c := Column{Place: v.at}
	c.Item = o.get("item").need().text()
	if c.Header = o.get("header").text(); c.Header == "" {
		c.Header = c.Item
	}
	c.Unit = o.get("unit").text()
	return c
}

// checkExports finds what is wrong between the exports of a pack and its forms, and
// resolves the labels in their columns to data items.
func checkExports(r *reader, p *Pack) {
	tables := newNames(r, "导出表")
	forms := formNames(p)
	for _, f := range p.Forms {
		forms = append(forms, f.Aliases...)
	}
	for i, e := range p.Exports {
		tables.add(e.Name, "exports.%d.name", i)
		if e.Name != "" && slices.Contains(forms, e.Name) {
			r.problem(r.placeOf("exports.%d.name", i), "导出表“"+e.Name+"”和表单同名", "换一个名称，如"+e.Name+"汇总")
		}
		headers := newNames(r, "表头")
		for j := range e.Columns {
			c := &e.Columns[j]
			headers.add(c.Header, "exports.%d.columns.%d", i, j)
			checkColumn(r, p, c, i, j)
		}
	}
}

func checkColumn(r *reader, p *Pack, c *Column, i, j int) {
	if c.Item == "" {
		return
	}
	at := r.placeOf("exports.%d.columns.%d.item", i, j)
	switch items := p.Items(c.Item); len(items) {
	case 0:
		r.problem(at, "没有哪张表单收“"+c.Item+"”", meant(c.Item, itemWords(p)))
		return
	case 1:
		c.Item = items[0]
	default:
		r.problem(at, "“"+c.Item+"”可以是"+strings.Join(items, "或"), "写数据项的全名")
		return
	}
	if slices.ContainsFunc(p.Sources(c.Item), func(s Source) bool { return s.Field.Kind == KindHouse }) {
		r.problem(at, "“"+c.Item+"”是户号，不导出", "去掉这一列")
	}
	if c.Unit == "" {
		return
	}
	for _, s := range p.Sources(c.Item) {
		if s.Field.Unit != "" && s.Field.Unit != c.Unit && !slices.Contains(s.Field.Words, c.Unit) {
			r.problem(r.placeOf("exports.%d.columns.%d.unit", i, j), "“"+s.Field.Name+"”按"+s.Field.Unit+"计，不是"+c.Unit, "写 unit: "+s.Field.Unit)
			return
		}
	}
}

// itemWords are the words a column may name.
func itemWords(p *Pack) []string {
	var words []string
	for _, f := range p.Forms {
		for _, x := range f.Fields {
			words = append(words, x.Name, x.Item)
		}
	}
	return words
}
