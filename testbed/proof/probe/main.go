// Command probe is the pod that proves a node: it says over HTTP what it can
// do from within.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	listen = ":8080"
	volume = "/data"
)

func main() {
	if len(os.Args) > 1 {
		// What `kubectl exec` runs.
		fmt.Println(strings.Join(os.Args[1:], " "))
		return
	}
	http.HandleFunc("GET /name", func(w http.ResponseWriter, r *http.Request) {
		addresses, err := net.DefaultResolver.LookupHost(r.Context(), r.FormValue("host"))
		answer(w, strings.Join(addresses, " "), err)
	})
	http.HandleFunc("GET /dial", func(w http.ResponseWriter, r *http.Request) {
		connection, err := net.DialTimeout("tcp", r.FormValue("address"), 3*time.Second)
		if err == nil {
			err = connection.Close()
		}
		answer(w, "connected", err)
	})
	http.HandleFunc("GET /volume", func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join(volume, "note"))
		answer(w, string(text), err)
	})
	http.HandleFunc("PUT /volume", func(w http.ResponseWriter, r *http.Request) {
		err := os.WriteFile(filepath.Join(volume, "note"), []byte(r.FormValue("text")), 0o600)
		answer(w, "written", err)
	})
	log.Printf("listening on %s as %d:%d", listen, os.Getuid(), os.Getgid())
	log.Fatal(http.ListenAndServe(listen, nil))
}

func answer(w http.ResponseWriter, text string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprint(w, text)
}
