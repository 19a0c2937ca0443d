package lifecycle

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"mcp-platform.dev/testbed/internal/bed"
)

// Status prints one line per bed.
func (k *Keeper) Status() error {
	beds, err := k.Home.Existing()
	if err != nil {
		return err
	}
	if len(beds) == 0 {
		fmt.Fprintln(k.Out, "no beds")
		return nil
	}
	table := tabwriter.NewWriter(k.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSIZE\tSTATE\tSERVER\tKUBECONFIG")
	for _, b := range beds {
		record, err := b.Load()
		if err != nil {
			fmt.Fprintf(table, "%s\t?\tunreadable: %v\t\t\n", b.Name, err)
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", b.Name, record.Size, condition(b, record), record.Server, b.Kubeconfig())
	}
	return table.Flush()
}

func condition(b bed.Bed, record bed.Record) string {
	lock, err := bed.TryLock(b.Dir + ".lock")
	if err != nil {
		return "being started or ended"
	}
	defer lock.Release()
	state := record.State()
	if state != bed.Broken {
		return string(state)
	}
	var names []string
	for _, daemon := range record.Gone() {
		names = append(names, daemon.Name)
	}
	return fmt.Sprintf("broken: %s ended", strings.Join(names, ", "))
}
