import type {
  Entry,
  Operation,
  OperationResult,
  PlannedFile,
  Snapshot,
  TrashEntry,
  Undone,
  UnfinishedUpload,
  Version,
} from '../api/types';
import { isWithin, joinPath, parentOf, partsOf } from '../lib/path';

/** The JSON door over a tree in memory, for tests of the whole app. */
export class FakeDoor {
  readonly tree = new Map<string, Entry>();
  readonly trash = new Map<string, Map<string, Entry>>();
  /** Of each path, newest first; the first is current. */
  readonly versions = new Map<string, Version[]>();
  readonly snapshots: { readonly row: Snapshot; readonly tree: Map<string, Entry> }[] = [];
  /** The tree before each revert, by the number after which undo takes it back. */
  private readonly before = new Map<number, Map<string, Entry>>();
  /** What reverts and undos leave as it is. */
  leaves: Undone['left'] = [];
  readonly uploads: (UnfinishedUpload & { readonly mtime: number })[] = [];
  /** There are more of them than are listed. */
  moreUploads = false;
  /** Refuses to discard an upload: answers a status and a code, or undefined. */
  keeps: (id: string) => readonly [number, string] | undefined = () => undefined;
  /** Rows of one page of the trash or of versions. */
  pageSize = 250;
  user: string | undefined = 'ada';
  down = false;
  /** Answers to operations that get lost after they were done. */
  lost = 0;
  /** Requests for operations that do not arrive. */
  cut = 0;
  requests: string[] = [];
  /** Refuses operations: answers a code, or undefined. */
  refuse: (op: Operation) => string | undefined = () => undefined;
  private version = 1;
  private next = 1;

  put(path: string, folder = false): Entry {
    const entry: Entry = {
      id: `id${this.next++}`,
      name: partsOf(path).pop() ?? '',
      folder,
      size: 1,
      files: 0,
      mtime: 0,
      etag: 'e',
    };
    this.tree.set(path, entry);
    this.version++;
    return entry;
  }

  /** Another content of a file. */
  write(path: string, size: number): Version {
    const entry = this.tree.get(path) ?? this.put(path);
    const first = { size: entry.size, mtime: 0, created: 0, by: 'ada' };
    const before = this.versions.get(path) ?? [{ id: entry.etag, ...first }];
    const version = { ...first, id: `e${this.next++}`, size, created: this.next };
    this.versions.set(path, [version, ...before]);
    this.tree.set(path, { ...entry, size, etag: version.id });
    this.version++;
    return version;
  }

  /** An upload that broke off. */
  begin(path: string, more: Partial<UnfinishedUpload & { mtime: number }> = {}): string {
    const id = `up${this.next++}`;
    const times = { created: 0, expires: 9, mtime: 1000 };
    this.uploads.push({ id, path, size: 100, offset: 40, ...times, ...more });
    return id;
  }

  /** How much of an upload is there now. */
  bring(id: string, offset: number): void {
    const at = this.uploads.findIndex((upload) => upload.id === id);
    const upload = this.uploads[at];
    if (upload) this.uploads[at] = { ...upload, offset };
  }

  readonly fetch = async (input: unknown, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input));
    const method = init?.method ?? 'GET';
    const what = url.pathname.replace('/files/api/v1/', '').replace('/files/tus/', 'tus ');
    this.requests.push(`${method} ${what}`);
    if (this.down) throw new TypeError('down');
    const body = init?.body ? JSON.parse(String(init.body)) : {};
    if (what === 'session' && method === 'POST') {
      if (body.password !== 'right') return refusal(401, 'wrong-credentials');
      this.user = body.name;
    }
    if (what === 'setup' && method === 'POST') this.user = body.name;
    if (!this.user) return refusal(401, 'unauthorized');
    if (what === 'session' && method === 'DELETE') {
      this.user = undefined;
      return new Response(null, { status: 204 });
    }
    if (what === 'session' || what === 'setup') {
      return json({
        user: { name: this.user, admin: true },
        token: `token of ${this.user}`,
        usage: { used: this.tree.size, quota: 0, available: 100 },
      });
    }
    const headers = (init?.headers ?? {}) as Record<string, string>;
    const shown = headers['X-Cairn-Token'];
    if (shown !== undefined && shown !== `token of ${this.user}`) return refusal(403, 'token');
    const before = Number(url.searchParams.get('before') ?? 0);
    if (what === 'versions') {
      const [current, ...older] = this.versions.get(url.searchParams.get('path') ?? '') ?? [];
      if (!current) return refusal(404, 'not-found');
      return json({ current, ...this.page('older', older, before) });
    }
    if (what === 'trash/size') {
      const rows = this.trashed();
      const bytes = rows.reduce((sum, row) => sum + row.size, 0);
      return json({ entries: rows.length, bytes, upto: this.version });
    }
    if (what === 'versions/size') {
      const days = Number(url.searchParams.get('days'));
      return json({ ...this.sizeOf(this.older(days)), upto: this.version });
    }
    if (what === 'space') {
      return json({
        ...{ used: this.tree.size, files: this.tree.size, quota: 0, available: 100 },
        versions: { ...this.sizeOf(this.older(0)), since: null },
        trash: { ...this.sizeOf(this.trashed()), since: null },
        collectEvery: 21_600,
      });
    }
    // Nothing to compare: the bytes are not kept here.
    if (what.endsWith('/digests')) return json({ offset: 0, piece: 8 << 20, sha256: [] });
    if (what === 'uploads') return json({ uploads: this.uploads, more: this.moreUploads });
    if (what.startsWith('tus ') && method === 'DELETE') {
      const id = what.slice('tus '.length);
      const kept = this.keeps(id);
      if (kept) return refusal(...kept);
      const at = this.uploads.findIndex((upload) => upload.id === id);
      if (at < 0) return refusal(404, 'not-found');
      this.uploads.splice(at, 1);
      return new Response(null, { status: 204 });
    }
    if (what === 'trash') return json(this.page('entries', this.trashed(), before));
    if (what === 'snapshots') {
      const path = url.searchParams.get('path');
      const rows = this.snapshots.flatMap(({ row, tree }) => {
        const entry = tree.get(path ?? '');
        return path === null ? [row] : entry ? [{ ...row, entry }] : [];
      });
      return json({ snapshots: rows.reverse() });
    }
    if (what === 'files') {
      const path = url.searchParams.get('path') ?? '';
      const id = url.searchParams.get('snapshot');
      const past = this.snapshots.find(({ row }) => row.id === id);
      if (id !== null && !past) return refusal(404, 'not-found');
      return this.list(path, headers, past?.tree ?? this.tree);
    }
    if (what === 'lookup') {
      return json({ entries: body.paths.map((p: string) => this.tree.get(p) ?? null) });
    }
    if (what === 'plan') {
      const files = body.files.map(({ path, size, mtime }: PlannedFile) => {
        const entry = this.tree.get(path);
        if (entry?.size === size && entry.mtime === mtime) return { state: 'same', entry };
        const upload = this.uploads.find(
          (one) => one.path === path && one.size === size && one.mtime === mtime && !one.arriving,
        );
        return entry ? { state: 'conflict', entry, upload } : { state: 'new', upload };
      });
      return json({ files });
    }
    if (what === 'operations') {
      if (this.cut-- > 0) throw new TypeError('cut');
      this.version++;
      const results = body.operations.map((op: Operation) => this.operate(op));
      if (this.lost-- > 0) throw new TypeError('lost');
      return json({ results });
    }
    return refusal(404, 'not-found');
  };

  private list(
    path: string,
    headers: Record<string, string>,
    tree: ReadonlyMap<string, Entry>,
  ): Response {
    if (path !== '' && !tree.get(path)?.folder) return refusal(404, 'not-found');
    const etag = `v${this.version}`;
    if (headers['If-None-Match'] === `"${etag}"`) return new Response(null, { status: 304 });
    const entries = [...tree].filter(([at]) => parentOf(at) === path).map(([, e]) => e);
    return json({ folder: { path, id: `folder ${path}`, etag }, entries, next: null });
  }

  private operate(op: Operation): OperationResult {
    const code = this.refuse(op);
    if (code) return { problem: { status: 409, code, title: `${code}!` } };
    if (op.op === 'mkdir') {
      const there = this.tree.get(op.path);
      if (there?.folder && op.parents) return { node: there.id, entry: there, path: op.path };
      if (there) return { problem: { status: 409, code: 'exists', title: 'Taken.' } };
      const entry = this.put(op.path, true);
      return { node: entry.id, entry, path: op.path };
    }
    const old = op.op === 'remove' ? op.path : op.op === 'move' ? op.from : undefined;
    if (old !== undefined && 'ifMatch' in op && this.tree.get(old)?.etag !== op.ifMatch) {
      return { problem: { status: 412, code: 'precondition-failed', title: 'Changed.' } };
    }
    if (op.op === 'remove') {
      const gone = this.take(op.path);
      const id = [...gone.values()][0]?.id ?? '';
      this.trash.set(id, gone);
      return { node: id };
    }
    if (op.op === 'purge') {
      return this.trash.delete(op.node) ? { count: 1 } : problem(404, 'not-found');
    }
    if (op.op === 'empty-trash') {
      const count = this.trash.size;
      this.trash.clear();
      return { count };
    }
    if (op.op === 'drop-version') {
      const [current, ...older] = this.versions.get(op.path) ?? [];
      const left = older.filter(({ id }) => id !== op.version);
      if (!current || left.length === older.length) return problem(404, 'not-found');
      this.versions.set(op.path, [current, ...left]);
      return { count: 1 };
    }
    if (op.op === 'drop-versions') {
      const count = this.older(0).length;
      for (const [path, all] of this.versions) this.versions.set(path, all.slice(0, 1));
      return { count };
    }
    if (op.op === 'make-snapshot') {
      if (this.snapshots.some(({ row }) => row.name === op.name)) return problem(409, 'exists');
      const id = `snap${this.next++}`;
      const row = { id, name: op.name, created: this.next, by: 'ada', change: this.version };
      this.snapshots.push({ row, tree: new Map(this.tree) });
      return { snapshot: id };
    }
    if (op.op === 'drop-snapshot') {
      const at = this.snapshots.findIndex(({ row }) => row.id === op.snapshot);
      if (at < 0) return problem(404, 'not-found');
      this.snapshots.splice(at, 1);
      return {};
    }
    if (op.op === 'revert') {
      const past = this.snapshots.find(({ row }) => row.id === op.snapshot);
      if (!past || (op.path !== '' && !past.tree.has(op.path))) return problem(404, 'not-found');
      return { undone: this.become(past.tree, op.path) };
    }
    if (op.op === 'undo') {
      const was = this.before.get(op.after);
      return was ? { undone: this.become(was, '') } : problem(410, 'history-gone');
    }
    if (op.op === 'restore-version') {
      const entry = this.tree.get(op.path);
      const old = this.versions.get(op.path)?.find(({ id }) => id === op.version);
      if (!entry || !old) return problem(404, 'not-found');
      if (op.ifMatch !== undefined && entry.etag !== op.ifMatch) {
        return problem(412, 'precondition-failed');
      }
      this.write(op.path, old.size);
      const now = this.tree.get(op.path);
      return { path: op.path, ...(now && { entry: now }) };
    }
    if (op.op === 'restore') {
      const [was] = [...(this.trash.get(op.node) ?? [])];
      if (!was) return { problem: { status: 404, code: 'not-found', title: 'Nothing.' } };
      const to = op.to ?? was[0];
      if (this.tree.has(to)) return { problem: { status: 409, code: 'exists', title: 'Taken.' } };
      const up = parentOf(to);
      if (up !== '' && !this.tree.get(up)?.folder) return problem(409, 'no-parent');
      for (const [path, entry] of this.trash.get(op.node) ?? []) {
        const at = path === was[0] ? to : path;
        this.tree.set(at, { ...entry, name: partsOf(at).pop() ?? '' });
      }
      this.trash.delete(op.node);
      const entry = [...this.tree.values()].find((e) => e.id === op.node);
      return { node: op.node, ...(entry && { entry }) };
    }
    if (this.tree.has(op.to)) return { problem: { status: 409, code: 'exists', title: 'Taken.' } };
    for (const [path, entry] of this.take(op.from)) {
      const to = joinPath(op.to, path.slice(op.from.length + 1));
      this.tree.set(to, { ...entry, name: partsOf(to).pop() ?? '' });
    }
    const entry = this.tree.get(op.to);
    return { node: entry?.id ?? '', path: op.to, ...(entry && { entry }) };
  }

  /** Makes what is at a path what it was. */
  private become(was: ReadonlyMap<string, Entry>, path: string): Undone {
    const before = new Map(this.tree);
    const here = (tree: ReadonlyMap<string, Entry>) =>
      [...tree].filter(([at]) => isWithin(at, path));
    const did = { placed: 0, trashed: 0, written: 0 };
    for (const [at, entry] of here(before)) {
      if (was.has(at)) continue;
      did.trashed++;
      this.tree.delete(at);
      this.trash.set(entry.id, new Map([[at, entry]]));
    }
    for (const [at, entry] of here(was)) {
      const now = before.get(at);
      if (!now) did.placed++;
      else if (now.etag !== entry.etag) did.written++;
      else continue;
      this.trash.delete(entry.id);
      this.tree.set(at, entry);
    }
    const changed = did.placed + did.trashed + did.written > 0;
    const after = changed ? this.version : 0;
    if (changed) this.before.set(after, before);
    if (changed) this.version++;
    const left = { leftOut: this.leaves.length, left: this.leaves };
    return { ...did, ...left, after, upto: changed ? this.version : 0 };
  }

  /** Each was replaced today. */
  private older(days: number): Version[] {
    return days > 0 ? [] : [...this.versions.values()].flatMap((all) => all.slice(1));
  }

  private sizeOf(rows: readonly { readonly size: number }[]) {
    return { entries: rows.length, bytes: rows.reduce((sum, row) => sum + row.size, 0) };
  }

  private take(path: string): Map<string, Entry> {
    const taken = new Map([...this.tree].filter(([at]) => isWithin(at, path)));
    for (const at of taken.keys()) this.tree.delete(at);
    return taken;
  }

  private trashed(): TrashEntry[] {
    return [...this.trash.values()].reverse().flatMap((gone) => {
      const [[path, entry] = ['', undefined]] = [...gone];
      const from = parentOf(path);
      const lost = from !== '' && !this.tree.has(from);
      return entry ? [{ ...entry, deleted: 0, by: 'ada', from, gone: lost }] : [];
    });
  }

  private page(name: string, rows: readonly object[], before: number) {
    const end = before + this.pageSize;
    return { [name]: rows.slice(before, end), next: end < rows.length ? end : null };
  }
}

function problem(status: number, code: string): OperationResult {
  return { problem: { status, code, title: `${code}!` } };
}

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status });
}

function refusal(status: number, code: string): Response {
  return json({ code, title: `${code}!` }, status);
}
