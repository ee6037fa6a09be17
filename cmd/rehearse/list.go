package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/rehearse-dev/rehearse/scenarios"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the shipped scenarios",
		Long: `list shows the scenarios that come with rehearse, and how long each one takes in full and with --quick, its data seeded
first: later runs find it kept. All of them are about ` + systemNames()[0] + `; rehearse init writes one of your own for it.`,
		Example: "  rehearse list",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return list(cmd) },
	}
}

func list(cmd *cobra.Command) error {
	t := newTable()
	t.AppendHeader(table.Row{"scenario", "takes", "quick", "event"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}, {Number: 4, WidthMax: 70, WidthMaxEnforcer: text.WrapSoft},
	})
	for _, name := range scenarios.Shipped() {
		full, err := new(variation).read(name)
		if err != nil {
			return err
		}
		quick, err := (&variation{quick: true}).read(name)
		if err != nil {
			return err
		}
		t.AppendRow(table.Row{name, about(wholeOutlay(full, full.Plan())), about(wholeOutlay(quick, quick.Plan())), full.Description})
	}
	fmt.Fprintln(cmd.OutOrStdout(), t.Render())
	return nil
}

// about is d in seconds: nobody plans a run more finely.
func about(d time.Duration) string { return d.Round(time.Second).String() }

// newTable is the one look of our tables: columns and a line below their names, readable on paper and in a log.
func newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format = table.FormatOptions{Header: text.FormatDefault, Footer: text.FormatDefault}
	style.Options = table.Options{SeparateHeader: true, SeparateFooter: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError("%s takes no arguments, got %q; remove them", cmd.CommandPath(), args)
}
