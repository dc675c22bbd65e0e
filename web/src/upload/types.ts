import type { ProblemBody } from '../api/types';
import type { Observable } from '../lib/observable';

/** What is to be uploaded: files and (also empty) folders, with paths below the target. */
export interface Picked {
  /** Paths of folders, parents first, without slashes at the ends. */
  readonly folders: readonly string[];
  readonly files: readonly PickedFile[];
  /** Paths that the browser could not read: they are listed as failed. */
  readonly unreadable?: readonly string[];
}

/** What is picked, while it is still being read. */
export interface Reading {
  /** Files found so far. */
  readonly found: Observable<number>;
  /**
   * A slice of it, as soon as there is one that is worth sending: all slices together are in
   * the order of the folders. undefined: that was all. Never rejects.
   */
  next(): Promise<Picked | undefined>;
  /** Nobody wants the rest: next() has no more, at once. */
  stop(): void;
}

export interface PickedFile {
  /** Path below the target folder; the last part is the file's name. */
  readonly path: string;
  readonly file: File;
}

export type ItemState =
  /** its turn has not come */
  | 'waiting'
  | 'sending'
  /** broken off by the network or the server; goes on by itself */
  | 'retrying'
  | 'paused'
  | 'done'
  /** ended by an error that will not go away by itself; retry begins again where it was */
  | 'failed'
  /** the name exists and the person chose so, or, with a problem, it is on its way already */
  | 'skipped';

/** One file on its way. Frozen. */
export interface UploadItem {
  readonly id: number;
  readonly name: string;
  /** Path of the folder it goes to, as in Listing. */
  readonly folder: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes that the server has on disk: the solid bar. Never falls. */
  readonly acked: number;
  /** Bytes handed to the connection: the light bar. At least acked. */
  readonly sent: number;
  readonly state: ItemState;
  /** Why it failed, retries or was skipped without a question. */
  readonly problem?: ProblemBody;
}

/** All files of the panel together. */
export interface UploadTotals {
  /** Files, without skipped and cancelled ones. */
  readonly files: number;
  readonly done: number;
  readonly failed: number;
  /** Files that are waiting, sending, retrying or paused. */
  readonly open: number;
  readonly bytes: number;
  /** Never falls while files are open. */
  readonly acked: number;
  readonly sent: number;
  /** Acknowledged bytes a second, smoothed; 0 when nothing moves. */
  readonly speed: number;
  /** Whole seconds; undefined while it cannot be told. */
  readonly secondsLeft: number | undefined;
  readonly paused: boolean;
  /** 'offline': waits for the network or the server. 'signin': waits for a new session. */
  readonly waits: 'no' | 'offline' | 'signin';
}

/** Names that exist already, of one drop. Nothing of these is sent before it is answered. */
export interface Conflict {
  /** Path below the target, and what is there. */
  readonly path: string;
  readonly there: { readonly folder: boolean; readonly size: number; readonly mtime: number };
  readonly size: number;
  readonly mtime: number;
}

/** The old version stays as a version; both: the new file gets a free name. */
export type ConflictChoice = 'replace' | 'both' | 'skip';

export interface Snapshot {
  /** In the order in which they came: their ids ascend. */
  readonly items: readonly UploadItem[];
  readonly totals: UploadTotals;
  /** Files found so far by a drop that is still being read; undefined: none is. */
  readonly reading: number | undefined;
  /** The question that waits for an answer, if there is one. */
  readonly conflicts: readonly Conflict[] | undefined;
}

/** The upload manager. It knows no UI. */
export interface Uploads {
  subscribe(listener: () => void): () => void;
  /** The same object until something changed; while bytes flow it changes at most 10 times a second. */
  snapshot(): Snapshot;
  /**
   * Uploads into the folder, also while folders are still being read. Names that are free go
   * at once; about those that exist it is asked once, when all of them are known. Resolves
   * when all is queued or refused.
   */
  add(folder: string, picked: Picked | Reading): Promise<void>;
  /** Answers snapshot().conflicts, once for all of them; undefined skips all. */
  resolve(choice: ConflictChoice | undefined): void;
  /** One file, or, without an id, all. */
  pause(id?: number): void;
  resume(id?: number): void;
  /** Ends it and drops what the server has of it; without an id, drops still being read too. */
  cancel(id?: number): void;
  /** Tries failed ones again, where they were; not what changed or could not be read here. */
  retry(id?: number): void;
  /** A failed one whose folder is gone or whose name was taken goes there instead; what arrived is kept. */
  redirect(id: number, folder: string, name: string): void;
  /** Takes finished, skipped and failed ones off the list; what the server has of failed ones goes. */
  clear(): void;
  /** To be called after a new sign-in: what waits for it goes on. */
  signedIn(): void;
}
