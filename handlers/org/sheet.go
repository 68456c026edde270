package org

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"juwei/config"
)

// Fault is one cell of a workbook that cannot be taken over.
type Fault struct {
	Sheet    string
	Row, Col int // from 1
	What     string
	Mend     string
}

// String is the fault as people read it: 名单:3:2 没有角色“保安”（角色有：…）.
func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d %s（%s）", f.Sheet, f.Row, f.Col, f.What, f.Mend)
}

// heads are the columns of a workbook of people, and what they may be called.
var heads = [][]string{
	{"账号", "userid", "帐号", "企业微信账号", "企业微信帐号"},
	{"职务", "title", "岗位", "称呼"},
	{"角色", "roles", "role"},
	{"居民区", "unit", "单位", "居委"},
}

const (
	colID = iota
	colTitle
	colRoles
	colUnit
)

// mostCells is how many rows and columns a workbook's sheet may have.
const mostCells = 5000

// ReadPeople reads people from a workbook: each sheet with a line of heads (账号, 职务, 角色,
// and 居民区 where there is one) and a person on each line below it. s is the street they
// shall belong to. What cannot be taken is in faults, the rest in people; an error says that
// the file is no workbook.
func ReadPeople(r io.Reader, s *config.Street) (people []config.Person, faults []Fault, err error) {
	book, err := excelize.OpenReader(r, excelize.Options{UnzipSizeLimit: 64 << 20, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		return nil, nil, fmt.Errorf("open workbook: %w", err)
	}
	defer book.Close()
	reader := &sheetReader{street: s, ids: map[string]string{}, titles: map[string]string{}}
	for _, p := range s.People {
		reader.ids[strings.ToLower(p.UserID)] = "配置"
		reader.titles[p.Title] = "配置"
	}
	for _, name := range book.GetSheetList() {
		rows, err := book.GetRows(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read sheet %s: %w", name, err)
		}
		if len(rows) > mostCells {
			reader.fault(name, mostCells+1, 1, fmt.Sprintf("太多行，只看前%d行", mostCells), "分成几个文件")
			rows = rows[:mostCells]
		}
		reader.sheet(name, rows)
	}
	return reader.people, reader.faults, nil
}

// sheetReader reads one workbook; ids and titles remember where a word was taken first.
type sheetReader struct {
	street      *config.Street
	ids, titles map[string]string
	people      []config.Person
	faults      []Fault
}

func (r *sheetReader) fault(sheet string, row, col int, what, mend string) {
	r.faults = append(r.faults, Fault{sheet, row, col, what, mend})
}

func (r *sheetReader) sheet(name string, rows [][]string) {
	first := slices.IndexFunc(rows, func(row []string) bool { return strings.TrimSpace(strings.Join(row, "")) != "" })
	if first < 0 {
		return // an empty sheet
	}
	cols := [4]int{-1, -1, -1, -1}
	for i, cell := range rows[first] {
		for k, words := range heads {
			if slices.Contains(words, strings.ToLower(strings.TrimSpace(cell))) && cols[k] < 0 {
				cols[k] = i
			}
		}
	}
	for k, words := range heads[:colUnit] {
		if cols[k] < 0 {
			r.fault(name, first+1, 1, "表头里没有“"+words[0]+"”，这张表没有读", "第一行写：账号、职务、角色、居民区")
			return
		}
	}
	for i := first + 1; i < len(rows); i++ {
		if strings.TrimSpace(strings.Join(rows[i], "")) != "" {
			r.row(name, i+1, rows[i], cols)
		}
	}
}

// row reads one person; every bad cell of the row is named.
func (r *sheetReader) row(name string, n int, row []string, cols [4]int) {
	before := len(r.faults)
	cell := func(k int) string {
		if cols[k] < 0 || cols[k] >= len(row) {
			return ""
		}
		return strings.TrimSpace(row[cols[k]])
	}
	bad := func(k int, what, mend string) { r.fault(name, n, max(cols[k], 0)+1, what, mend) }
	at := fmt.Sprintf("%s第%d行", name, n)

	p := config.Person{UserID: cell(colID), Title: cell(colTitle)}
	switch where, taken := r.ids[strings.ToLower(p.UserID)]; {
	case p.UserID == "":
		bad(colID, "没有账号", "从企业微信通讯录复制“账号”")
	case !userid.MatchString(p.UserID):
		bad(colID, "账号“"+p.UserID+"”不对", "从企业微信通讯录复制“账号”，不是姓名")
	case taken:
		bad(colID, "账号“"+p.UserID+"”在"+where+"已经有了", "一个人只写一次，几个角色写在一起")
	}
	switch where, taken := r.titles[p.Title]; {
	case p.Title == "":
		bad(colTitle, "没有职务", "写职务，不写姓名，例：梅园社工")
	case len([]rune(p.Title)) > 12:
		bad(colTitle, "职务太长", "最多12个字")
	case taken:
		bad(colTitle, "职务“"+p.Title+"”在"+where+"已经有了", "加个号，例："+p.Title+"二")
	}
	for _, w := range split(cell(colRoles)) {
		if !slices.Contains(config.Roles(), config.Role(w)) {
			bad(colRoles, "没有角色“"+w+"”", "角色有："+joined(config.Roles()))
		} else if !slices.Contains(p.Roles, config.Role(w)) {
			p.Roles = append(p.Roles, config.Role(w))
		}
	}
	if cell(colRoles) == "" {
		bad(colRoles, "没有角色", "角色有："+joined(config.Roles()))
	}
	switch u, known := r.street.Committee(cell(colUnit)); {
	case cell(colUnit) == "" && p.Has(config.RoleSecretary, config.RoleWorker):
		bad(colUnit, "书记和社工要写居民区", "例："+r.street.Committees[0].Name)
	case cell(colUnit) != "" && !known:
		bad(colUnit, "没有居民区“"+cell(colUnit)+"”", "写配置里的名称，例："+r.street.Committees[0].Name)
	default:
		p.Unit = u.Name
	}
	if len(r.faults) > before {
		return
	}
	r.ids[strings.ToLower(p.UserID)], r.titles[p.Title] = at, at
	r.people = append(r.people, p)
}
