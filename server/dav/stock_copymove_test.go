package dav

func stockCopyMove() []defect {
	property := propfind(`<D:prop><x xmlns="urn:x"/></D:prop>`)
	return []defect{
		{
			name: "COPY into itself", source: "copyFiles, TODO: until 1000 levels", before: []req{aFolder, aMember}, dir: true,
			play: []req{{method: "COPY", path: "/c", head: to(mount + "/c/d"), want: 403}, {method: "GET", path: "/c/d/d", want: 404}}, stock: "500, want 403",
		},
		{
			name: "COPY over a folder above destroys its members", source: "copyFiles: RemoveAll(dst) first", before: []req{aFolder, aMember},
			play: []req{{method: "COPY", path: "/c/f", head: to(mount + "/c")}, {method: "GET", path: "/c/f", want: 200, has: "member"}}, stock: "GET /c/f: 404",
		},
		{
			// There reading fails half-way, here the quota does not allow it.
			name: "COPY that fails has destroyed the destination", source: "copyFiles: not atomic; the first error ends it, without a 207",
			before: []req{aFolder, {method: "PUT", path: "/c/sick", body: "12345"}, {method: "MKCOL", path: "/d"}, {method: "PUT", path: "/d/kept", body: "1"}},
			fs:     sickly,
			ours: func(d *door) {
				if err := d.st.SetQuota(d.Context(), d.alice.User, 7); err != nil {
					d.Fatal(err)
				}
			},
			play: []req{{method: "COPY", path: "/c", head: to(mount + "/d")}, {method: "GET", path: "/d/kept", want: 200}}, stock: "GET /d/kept: 404",
		},
		{
			name: "properties of folders are not copied", source: "copyFiles: copyProps for files alone",
			before: []req{aFolder, {method: "PROPPATCH", path: "/c", body: setProp}},
			play: []req{{method: "COPY", path: "/c", head: to(mount + "/d"), want: 201},
				{method: "PROPFIND", path: "/d", head: depth0, body: property, want: 207, has: ">v<"}},
			stock: "without \">v<\"",
		},
		{
			name: "COPY of a folder to no parent is 403", source: "copyFiles: any error of Mkdir", before: []req{aFolder},
			play: []req{{method: "COPY", path: "/c", head: to(mount + "/none/c"), want: 409}}, stock: "403, want 409",
		},
		{
			name: "a tree is not copied at once", source: "FileSystem has no such call",
			unseen: "speed and memory alone tell: test/bench copies a folder of 100,000, beside the stock handler.",
		},
		{
			name: "MOVE without Overwrite", source: "golang/go#66059", before: []req{aFile, {method: "PUT", path: "/g", body: "g"}},
			play: []req{{method: "MOVE", path: "/f", head: to(mount + "/g"), want: 204}}, stock: "412, want 204",
		},
		{
			name: "MOVE of nothing destroys the destination", source: "moveFiles: RemoveAll(dst) first", before: []req{aFile},
			play:  []req{{method: "MOVE", path: "/none", head: to(mount+"/f", "Overwrite", "T")}, {method: "GET", path: "/f", want: 200, has: "file"}},
			stock: "GET /f: 404",
		},
		{
			name: "MOVE of nothing is 403", source: "moveFiles: any error of Rename",
			play: []req{{method: "MOVE", path: "/none", head: to(mount + "/g"), want: 404}}, stock: "403, want 404",
		},
		{
			// Without a lock its own two locks for the request meet, which is 423.
			name: "MOVE of a locked file onto itself with a slash destroys it", source: "handleCopyMove: dst == src as strings", before: []req{aFile, lockF},
			play:  []req{{method: "MOVE", path: "/f", head: to(mount+"/f/", "Overwrite", "T", "If", "({1})")}, {method: "GET", path: "/f", want: 200, has: "file"}},
			stock: "GET /f: 404",
		},
		{
			name: "MOVE over the folder above destroys both", source: "moveFiles: RemoveAll(dst) first", before: []req{aFolder, aMember},
			play:  []req{{method: "MOVE", path: "/c/f", head: to(mount+"/c", "Overwrite", "T")}, {method: "GET", path: "/c/f", want: 200, has: "member"}},
			stock: "GET /c/f: 404",
		},
		{
			name: "MOVE to no parent is 403", source: "moveFiles: any error of Rename", before: []req{aFile},
			play: []req{{method: "MOVE", path: "/f", head: to(mount + "/none/f"), want: 409}}, stock: "403, want 409",
		},
		{
			name: "a proxy's Destination is 502", source: "handleCopyMove: u.Host != r.Host", before: []req{aFile},
			play: []req{{method: "COPY", path: "/f", head: to("https://files.example" + mount + "/g"), want: 201}}, stock: "502, want 201",
		},
		{
			// What Windows and Office do to save.
			name: "MOVE of what one has locked", source: "golang/go#43556: both must match one list", before: []req{aFile, lockF},
			play: []req{{method: "MOVE", path: "/f", head: to(mount+"/g", "If", "({1})"), want: 201}}, stock: "412, want 201",
		},
		{
			name: "a lock stays where a file was", source: "handleCopyMove", before: []req{aFile, lockF, {method: "LOCK", path: "/g", body: exclusive}},
			play: []req{{method: "MOVE", path: "/f", head: to(mount+"/g", "Overwrite", "T", "If", "<{srv}/files/dav/f> ({1}) <{srv}/files/dav/g> ({2})"), want: 204},
				{method: "PUT", path: "/f", body: "x", want: 201}},
			stock: "PUT /f: 423, want 201",
		},
		{
			name: "MOVE takes members that others have locked", source: "handleCopyMove: a lock of depth 0 on the folder alone",
			before: []req{aFolder, aMember, lockMember},
			play:   []req{{method: "MOVE", path: "/c", head: to(mount + "/d"), want: 207, has: "423 Locked"}, {method: "GET", path: "/c/f", want: 200}}, stock: "201, want 207",
		},
	}
}
