package dav

func stockIf() []defect {
	put := func(cond string, want int) req {
		return req{method: "PUT", path: "/f", head: []string{"If", cond}, body: "x", want: want}
	}
	locked := []req{aFile, lockF}
	return []defect{
		{
			name: "one token of a list is enough", source: "memLS.lookup", before: locked,
			play: []req{put("({1} <urn:other>)", 412)}, stock: "201, want 412",
		},
		{
			name: "entity-tags are ignored", source: "golang/go#44493", before: locked,
			play: []req{put(`({1} ["old"])`, 412)}, stock: "201, want 412",
		},
		{
			name: "Not is ignored", source: "memLS.lookup, TODO", before: locked,
			play: []req{put("(Not {1})", 412)}, stock: "201, want 412",
		},
		{
			name: "an entity-tag alone fails", source: "memLS.lookup", before: []req{aFile},
			show: func(d *door) error { return d.wrong(put("(["+d.etag()+"])", 204)) }, stock: "412, want 204",
		},
		{
			name: "no lock to be had fails", source: "memLS.lookup", before: []req{aFile},
			play: []req{put("(Not <DAV:no-lock>)", 204)}, stock: "412, want 204",
		},
		{
			name: "a proxy's host fails", source: "confirmLocks: u.Host != r.Host", before: locked,
			play: []req{put("<https://files.example/files/dav/f> ({1})", 204)}, stock: "412, want 204",
		},
		{
			name: "a tag that is a path fails", source: "confirmLocks: u.Host != r.Host", before: locked,
			play: []req{put("</files/dav/f> ({1})", 204)}, stock: "412, want 204",
		},
		{
			name: "another's lock is passed by naming one's own", source: "confirmLocks confirms the tagged resource",
			before: []req{aFile, lockF, {method: "PUT", path: "/mine", body: "x"}, {method: "LOCK", path: "/mine", body: exclusive, head: []string{"User", "bob"}}},
			play: []req{{method: "PUT", path: "/f", head: []string{"User", "bob", "If", "<{srv}/files/dav/mine> ({2})"}, body: "bob's", want: 423},
				{method: "GET", path: "/f", want: 200, has: "file"}},
			stock: "201, want 423",
		},
		{
			name: "GET does not look at If", source: "handleGetHeadPost", before: []req{aFile},
			play: []req{{method: "GET", path: "/f", head: []string{"If", `(["old"])`}, want: 412}}, stock: "200, want 412",
		},
		{
			name: "PROPFIND does not look at If", source: "handlePropfind", before: []req{aFile},
			play: []req{{method: "PROPFIND", path: "/f", head: []string{"Depth", "0", "If", `(["old"])`}, want: 412}}, stock: "207, want 412",
		},
	}
}
