// Package bench measures the real binary from outside, over HTTP, and beside its peers.
// Nothing runs without the build tag bench; `make help` lists the targets:
//
//	make bench-growth    cost against the number of files, and a plot
//	make bench-large     one large file: speed, CPU, memory, bytes written
//	make bench-crowd     64 writers and 64 readers, every answer checked
//	make bench-storage   stored bytes beside plain files, tar.zst and restic
//	make bench-copy      small requests beside the COPY of a large folder
//	make bench-peers     the whole table in turns with nginx, Apache, x/net/webdav and tusd
//
// BENCH='…' adds flags, such as BENCH='-files 1000,10000'; `go test -tags bench
// ./test/bench -args -h` lists them among those of go test. Results go to standard
// output and to test-results/bench. Data lies in TMPDIR, which must be on a local disk
// with room. Figures of one run compare with each other, and with nothing else: run
// them on a machine that does nothing else. Try them out small:
//
//	BENCH='-files 1000,3000 -reads 2000'    BENCH='-mib 300'    BENCH='-for 20s -large-gib 1'
//	BENCH='-copy-files 10000 -turns 1'      BENCH='-trees DIR,DIR,DIR'
//	BENCH='-phases get-range,put-small -rounds 1'
//	BENCH='-size 67108864 -repeat 2 -small 500 -entries 500 -peers Cairn,xnet'
//
// bench-storage needs Debian's zstd and restic. bench-peers needs nginx,
// libnginx-mod-http-dav-ext and apache2, and in CAIRN_BENCH_TOOLS (or -tools) a folder
// with the sources of the load program davbench and of peers/xnet, which are not part
// of this repository.
package bench
