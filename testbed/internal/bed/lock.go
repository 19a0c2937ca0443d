package bed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// ErrLocked means that another command is at work on the same thing.
var ErrLocked = errors.New("another command is at work on it")

// A Lock is a file held by this process. The kernel lets go of it when the
// process ends, however it ends.
type Lock struct{ file *os.File }

// TryLock takes the lock at path, or returns ErrLocked.
func TryLock(path string) (*Lock, error) {
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("opening the lock %s: %w", path, err)
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			file.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, ErrLocked
			}
			return nil, fmt.Errorf("taking the lock %s: %w", path, err)
		}
		// Whoever had it may have removed the file meanwhile; then this lock
		// is on a file nobody else will ever open.
		if same(file, path) {
			return &Lock{file: file}, nil
		}
		file.Close()
	}
}

// between is how long WaitLock sleeps between attempts.
const between = 100 * time.Millisecond

// WaitLock takes the lock at path as soon as nobody else has it. It calls
// waiting once if somebody has, and gives up when ctx ends.
func WaitLock(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for first := true; ; first = false {
		lock, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return lock, err
		}
		if first {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock %s: %w", path, ctx.Err())
		case <-time.After(between):
		}
	}
}

func same(file *os.File, path string) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(held, named)
}

// Read returns what the last holder wrote.
func (l *Lock) Read() ([]byte, error) {
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(l.file)
}

// Write replaces what the lock's file says.
func (l *Lock) Write(text []byte) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt(text, 0)
	return err
}

// Release lets go and leaves the file.
func (l *Lock) Release() { l.file.Close() }

// Remove deletes the file and lets go, in this order, so that nobody can take
// a lock that is about to disappear without noticing.
func (l *Lock) Remove() {
	os.Remove(l.file.Name())
	l.file.Close()
}
