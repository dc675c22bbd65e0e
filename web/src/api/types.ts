/** One file or folder, as the server lists it. Frozen: never changed in place. */
export interface Entry {
  /** 16 hexadecimal digits; survives rename, overwrite and trash. */
  readonly id: string;
  readonly name: string;
  readonly folder: boolean;
  /** Bytes; of a folder, all that lies below it. */
  readonly size: number;
  /** Files below a folder; 0 for a file. */
  readonly files: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  /** Opaque, without quotes; changes with the content. */
  readonly etag: string;
}

/** A folder with everything in it, in the server's order. */
export interface Listing {
  /** Without a slash at either end; '' is the top. */
  readonly path: string;
  readonly id: string;
  readonly etag: string;
  readonly entries: readonly Entry[];
}

/** One content of a file: what it holds, or held before. */
export interface Version {
  /** 32 hexadecimal digits; the file's etag while it is current. */
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970: when the content was changed. */
  readonly mtime: number;
  /** And when it was stored here. */
  readonly created: number;
  /** Who stored it; null: an account that is gone. */
  readonly by: string | null;
}

/** What lies in the trash: restored by its id. */
export interface TrashEntry extends Entry {
  /** Milliseconds since 1970. */
  readonly deleted: number;
  /** Who deleted it; null: an account that is gone. */
  readonly by: string | null;
  /** Path of the folder that it was in. */
  readonly from: string;
  /** That folder is in the trash too. */
  readonly gone: boolean;
}

/** A moment of all files, kept under a name. */
export interface Snapshot {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** Who made it; null: an account that is gone. */
  readonly by: string | null;
  /** The number of the newest change that it shows. */
  readonly change: number;
}

/** What a path was in a snapshot. */
export interface AsItWas extends Snapshot {
  readonly entry: Entry;
}

/** What bringing back a snapshot, or undoing changes, did. */
export interface Undone {
  /** Files and folders that are where they were again. */
  readonly placed: number;
  /** Those that were not there: they are in the trash now. */
  readonly trashed: number;
  /** Files that hold again what they held. */
  readonly written: number;
  /** What is left as it is; left has the first hundred. */
  readonly leftOut: number;
  readonly left: readonly { readonly name: string; readonly why: string }[];
  /** The changes that it made, for undo: after < number <= upto; both 0: none. */
  readonly after: number;
  readonly upto: number;
}

/** How much is in the trash. */
export interface TrashSize {
  readonly entries: number;
  /** Bytes, without older versions. */
  readonly bytes: number;
  /** Names this moment: what goes to the trash later comes after it. */
  readonly upto: number;
}

/** How much of older versions would go. */
export interface VersionsSize {
  readonly entries: number;
  readonly bytes: number;
  /** Names this moment, as that of TrashSize; 0: there are none. */
  readonly upto: number;
}

/** A part of what was before. */
export interface Past {
  readonly entries: number;
  readonly bytes: number;
  /** Milliseconds since 1970, of the oldest; null: there is none, or nobody knows. */
  readonly since: number | null;
}

/** What takes a person's space. Sizes are bytes. */
export interface SpaceUse extends Usage {
  readonly files: number;
  /** Of what lies in the trash too. */
  readonly versions: Past;
  readonly trash: Past;
  /** Seconds between two collections, which give the disk back what was deleted; 0: none. */
  readonly collectEvery: number;
  /** For administrators. */
  readonly store?: StoreUse;
}

/** What the whole server keeps. Sizes are bytes. */
export interface StoreUse {
  readonly packs: number;
  readonly stored: number;
  readonly diskFree: number;
  readonly diskTotal: number;
  /** Set aside so that deleting works on a full disk; wanted is how much it should be. */
  readonly ballast: number;
  readonly ballastWanted: number;
  /** What the last collection found; null: none has looked since the server started. */
  readonly survey: Survey | null;
}

export interface Survey {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly stored: number;
  /** What is needed, and what is not. */
  readonly live: number;
  readonly dead: number;
  /** Of the dead, what a collection gives back. */
  readonly reclaimable: number;
  readonly full: boolean;
}

/** A part of a list that is read from its newest row on. */
export interface Page<T> {
  readonly rows: readonly T[];
  /** Where the older ones begin; null: there are none. */
  readonly next: number | null;
}

/** Bytes. A quota of 0 is none. */
export interface Usage {
  readonly used: number;
  readonly quota: number;
  readonly available: number;
}

/** Who is signed in. */
export interface Session {
  readonly user: { readonly name: string; readonly admin: boolean };
  /** Goes with every request that changes something, as X-Cairn-Token. */
  readonly token: string;
  readonly usage: Usage;
}

/** One change to the tree. Paths as in Listing. */
export type Operation =
  | { readonly op: 'mkdir'; readonly path: string; readonly parents?: boolean }
  | {
      readonly op: 'move' | 'copy';
      readonly from: string;
      readonly to: string;
      readonly overwrite?: boolean;
      /** Only this version of it. */
      readonly ifMatch?: string;
    }
  | { readonly op: 'remove'; readonly path: string; readonly ifMatch?: string }
  | { readonly op: 'restore'; readonly node: string; readonly to?: string }
  | {
      readonly op: 'restore-version';
      readonly path: string;
      readonly version: string;
      /** Only if this is what it holds now. */
      readonly ifMatch?: string;
    }
  | { readonly op: 'purge'; readonly node: string }
  | { readonly op: 'empty-trash'; readonly upto: number }
  | { readonly op: 'drop-version'; readonly path: string; readonly version: string }
  | { readonly op: 'drop-versions'; readonly upto: number }
  | { readonly op: 'make-snapshot'; readonly name: string }
  | { readonly op: 'drop-snapshot'; readonly snapshot: string }
  /** Makes what is at a path what it was in a snapshot. */
  | { readonly op: 'revert'; readonly snapshot: string; readonly path: string }
  /** Takes changes back: after < number <= upto. */
  | { readonly op: 'undo'; readonly after: number; readonly upto: number };

/** What became of an operation: done, or refused. */
export type OperationResult =
  | {
      readonly node?: string;
      readonly path?: string;
      readonly entry?: Entry;
      /** How many were deleted for good. */
      readonly count?: number;
      readonly snapshot?: string;
      readonly undone?: Undone;
    }
  | { readonly problem: ProblemBody };

/** A file that is to be uploaded. */
export interface PlannedFile {
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
}

/** What the server knows of its path. */
export interface Planned {
  /** same: a file of that size and time is there. conflict: something else is. */
  readonly state: 'new' | 'same' | 'conflict';
  /** What is there. */
  readonly entry?: Entry;
  /** Of a new one, or of one that would replace a file: it was begun before, wherever. */
  readonly upload?: UnfinishedUpload;
}

/** An upload that the server holds bytes of, and that is not a file yet. */
export interface UnfinishedUpload {
  /** 32 hexadecimal digits: the last part of its address. */
  readonly id: string;
  /** '': a part of a file, which a program joins with others. */
  readonly path: string;
  /** Bytes; -1: not known. */
  readonly size: number;
  /** Bytes that arrived. */
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly expires: number;
  /** A request brings bytes for it just now. */
  readonly arriving?: boolean;
}

/** The oldest ones of a person. */
export interface UnfinishedUploads {
  readonly uploads: readonly UnfinishedUpload[];
  /** There are more. */
  readonly more: boolean;
}

/** What the bytes of an unfinished upload come to, piece by piece. */
export interface PrefixDigests {
  /** Bytes that are on the server's disk. */
  readonly offset: number;
  /** Bytes of which each digest is; the last one that the server has may be of fewer. */
  readonly piece: number;
  /** Base64, from the byte asked for on: not all of them, if there are many. */
  readonly sha256: readonly string[];
}

/** An error of the server: application/problem+json. */
export interface ProblemBody {
  readonly status: number;
  /** For programs, such as 'no-parent'. */
  readonly code: string;
  /** One sentence: what is wrong. */
  readonly title: string;
  /** What to do about it. */
  readonly detail?: string;
  readonly request_id?: string;
}
