package register

import (
	"context"
	"encoding/json"
	"fmt"

	"juwei/handlers"
	"juwei/store"
)

// recipeGrid draws the counts of /色 图 when their turn comes.
const recipeGrid = "register.grid"

// picture is the push that shows the asker the counts as a grid, building by colour. The
// counts are those of the answer; they wait sealed.
func (b *book) picture(c *handlers.Call, g handlers.Grid) store.Push {
	for _, s := range b.States {
		g.Columns = append(g.Columns, handlers.GridColumn{Name: s.Name, Colour: s.Colour})
	}
	counts, err := json.Marshal(g)
	if err != nil { // a Grid holds strings and numbers only
		panic("register: grid does not encode: " + err.Error())
	}
	args := map[string]string{"grid": string(counts)}
	return handlers.Sealed(handlers.PushRecipe(handlers.ToPerson(c.Person.UserID), handlers.Reply, recipeGrid, args, c.At), b.pack)
}

func (f *Family) renderGrid(_ context.Context, s *handlers.Serving) (handlers.Content, error) {
	var g handlers.Grid
	if err := json.Unmarshal([]byte(s.Args["grid"]), &g); err != nil {
		return handlers.Content{}, fmt.Errorf("recipe: %w", err)
	}
	file, err := f.Draw(g)
	if err != nil {
		return handlers.Content{}, err
	}
	return handlers.Content{Text: g.Title, Image: &file}, nil
}
