package handlers

import "context"

// HouseSheet is a table of entries of a register, as people read it.
type HouseSheet struct {
	Title  string // 七色户册
	Header []string
	Rows   [][]string
}

// HouseTable fills the table of a pack's register: what a sight leads to, without fields of
// class C3 and above. ok is false when no running pack has a register of that name.
type HouseTable func(ctx context.Context, d *Desk, register string, sight Sight) (s HouseSheet, pack string, ok bool, err error)
