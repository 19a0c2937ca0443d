package lifecycle

import (
	"fmt"

	"mcp-platform.dev/testbed/internal/bed"
	"mcp-platform.dev/testbed/internal/node"
)

// claimMachine makes the machine's one node the bed's, unless a bed that
// still has processes holds it.
func (k *Keeper) claimMachine(b bed.Bed) (*bed.MachineLock, error) {
	machine, err := bed.LockMachine()
	if err != nil {
		return nil, err
	}
	if holder, ok := machine.Holder(); ok && holder != b {
		if err := k.evict(holder, machine); err != nil {
			machine.Release()
			return nil, err
		}
	}
	// A bed whose folder somebody deleted may have left the rest.
	if err := node.Clean(b, bed.Record{}, true); err != nil {
		machine.Release()
		return nil, err
	}
	if err := machine.Claim(b); err != nil {
		machine.Release()
		return nil, err
	}
	return machine, nil
}

// evict cleans up after a holder of the node that is dead, and refuses to
// touch one that is not. It may live in another user's home.
func (k *Keeper) evict(holder bed.Bed, machine *bed.MachineLock) error {
	record, err := holder.Load()
	if err != nil {
		return err
	}
	if state := record.State(); len(record.Processes) > 0 && state != bed.Dead {
		return fmt.Errorf("claiming this machine's node: bed %s in %s has it and is %s: end it with `testbed down --name %s`", holder.Name, holder.Dir, state, holder.Name)
	}
	return k.clean(holder, machine)
}

// giveBack undoes what the bed made of the machine. Whatever all beds share
// is touched only if no other bed has it. The caller passes the machine's
// lock if it holds it.
func giveBack(b bed.Bed, record bed.Record, held *bed.MachineLock) error {
	machine := held
	if machine == nil {
		var err error
		if machine, err = bed.LockMachine(); err != nil {
			return err
		}
	}
	holder, claimed := machine.Holder()
	shared := !claimed || holder == b
	err := node.Clean(b, record, shared)
	switch {
	case held != nil:
	case shared && err == nil:
		machine.Vacate()
	default:
		machine.Release()
	}
	return err
}
