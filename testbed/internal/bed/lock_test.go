package bed

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestALockIsHeldByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second holder got %v, want ErrLocked", err)
	}
	first.Release()
	second, err := TryLock(path)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	second.Remove()
}

func TestWhoeverWaitsForALockThatIsRemovedHoldsTheNextOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan struct{})
	waited := make(chan *Lock)
	go func() {
		lock, err := WaitLock(context.Background(), path, func() { close(waiting) })
		if err != nil {
			t.Error(err)
		}
		waited <- lock
	}()
	<-waiting
	first.Remove()
	second := <-waited
	defer second.Remove()
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a third got %v while the second holds it, want ErrLocked", err)
	}
}

func TestWaitingForALockEndsWhenItsReasonDoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Remove()
	ctx, cancel := context.WithCancel(context.Background())
	_, err = WaitLock(ctx, path, cancel)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

func TestAMachineLockRemembersItsHolderUntilItIsVacated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.lock")
	open := func() *MachineLock {
		lock, err := TryLock(path)
		if err != nil {
			t.Fatal(err)
		}
		return &MachineLock{lock: lock}
	}
	mine := Bed{Name: "mine", Dir: "/beds/mine"}
	longer := Bed{Name: "a-longer-name", Dir: "/beds/a-longer-name"}

	first := open()
	if _, ok := first.Holder(); ok {
		t.Error("a new lock has a holder")
	}
	if err := errors.Join(first.Claim(longer), first.Claim(mine)); err != nil {
		t.Fatal(err)
	}
	first.Release()

	second := open()
	if holder, ok := second.Holder(); !ok || holder != mine {
		t.Errorf("the holder is %v (%v), want %v", holder, ok, mine)
	}
	second.Vacate()
	third := open()
	defer third.Vacate()
	if holder, ok := third.Holder(); ok {
		t.Errorf("after it was vacated, the holder is %v", holder)
	}
}

func TestWaitLockDoesNotAnnounceAWaitItNeedsNot(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	lock, err := WaitLock(ctx, filepath.Join(t.TempDir(), "lock"), func() { t.Error("it announced one") })
	if err != nil {
		t.Fatal(err)
	}
	lock.Remove()
}
