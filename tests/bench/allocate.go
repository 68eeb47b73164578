// The same for profilers of Go: a million allocations of 16 to 1039 bytes, each in the place of one of 100,000 that are kept.
package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
)

const keptCount = 100000

var kept [keptCount][]byte

//go:noinline
func makeOne(size uint64) []byte { return make([]byte, size) }

func work() {
	state := uint64(88172645463325252)
	for i := 0; i < 1000000; i++ {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		kept[(state>>32)%keptCount] = makeOne(16 + state%1024)
	}
}

func main() {
	http.HandleFunc("/work", func(answer http.ResponseWriter, request *http.Request) {
		work()
		fmt.Fprintln(answer, "done")
	})
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
