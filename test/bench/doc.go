// Package bench measures the real binary from outside, over HTTP, and beside its peers.
// Nothing runs without the build tag bench; `make help` lists the targets:
//
//	make bench-growth    cost against the number of files, and a plot
//	make bench-large     one large file: speed, CPU, memory, bytes written
//	make bench-crowd     64 writers and 64 readers, every answer checked
//	make bench-storage   stored bytes beside plain files, tar.zst and restic
//	make bench-copy      small requests beside the COPY of a large folder
//	make bench-peers     the whole table beside nginx, Apache, x/net/webdav and tusd
//
// BENCH='…' adds flags, such as BENCH='-files 1000,10000'; `go test -tags bench
// ./test/bench -args -h` lists them behind those of go test. Results go to standard
// output and to test-results/bench. Data lies in TMPDIR, which must be on a local disk
// with room. Figures of one run compare with each other, and with nothing else: run
// them on a machine that does nothing else.
package bench
