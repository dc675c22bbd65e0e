import type {
  AsItWas,
  Entry,
  ProblemBody,
  Snapshot,
  TrashEntry,
  Undone,
  Version,
  VersionsSize,
} from '../api/types';
import type { Observable } from '../lib/observable';
import type {
  FolderView,
  PagesView,
  Route,
  Selection,
  SessionState,
  SortKey,
  SpaceView,
  Unfinished,
  UnfinishedView,
} from '../state/types';
import type { Uploads } from '../upload/types';

export type {
  FolderView,
  PagesView,
  Route,
  Row,
  Selection,
  SelectionState,
  SessionState,
  Sort,
  SortKey,
  SpaceView,
  Unfinished,
  UnfinishedView,
} from '../state/types';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'done' | 'failed';
  /** Such as Undo; one of them is run, at most once. */
  readonly offers?: readonly { readonly label: string; run(): void }[];
}

export type ActionId =
  | 'open'
  | 'download'
  | 'new-folder'
  | 'upload-files'
  | 'upload-folder'
  | 'rename'
  | 'move'
  | 'versions'
  | 'as-it-was'
  | 'delete'
  | 'restore'
  | 'restore-to'
  | 'purge'
  | 'empty-trash'
  | 'drop-versions'
  | 'take-snapshot'
  | 'bring-back'
  | 'drop-snapshot'
  | 'discard-uploads'
  | 'select-all'
  | 'up'
  | 'refresh'
  | 'undo';

/** One command: toolbar, context menu and keyboard all read it. */
export interface Action {
  readonly id: ActionId;
  readonly label: string;
  /** For KeyboardEvent matching and for showing, such as 'F2', 'Delete', 'Mod+A'. */
  readonly shortcut?: string;
  readonly danger?: boolean;
  /** Whether it makes sense for what is chosen now. */
  enabled(): boolean;
  run(): void;
}

/** A question that the page shows as a dialog. The page calls exactly one of its answers. */
export type Dialog =
  | {
      readonly kind: 'new-folder';
      submit(name: string): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'rename';
      readonly entry: Entry;
      submit(name: string): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'move';
      readonly entries: readonly Entry[];
      /** Folder the entries are in. */
      readonly from: string;
      submit(folder: string): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'restore-to';
      readonly entries: readonly TrashEntry[];
      /** Where to begin. */
      readonly folder: string;
      /** A name to propose; without it they keep theirs. */
      readonly name?: string;
      /** Why they could not go back to where they were. */
      readonly problem?: ProblemBody;
      submit(folder: string, name: string | undefined): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'versions';
      readonly entry: Entry;
      /** The first row is the current version. */
      readonly versions: Observable<PagesView<Version>>;
      more(): void;
      refresh(): void;
      download(version: Version): void;
      restore(version: Version): Promise<ProblemBody | undefined>;
      /** Deletes an older one for good. */
      drop(version: Version): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'as-it-was';
      readonly entry: Entry;
      readonly snapshots: Observable<PagesView<AsItWas>>;
      refresh(): void;
      /** Goes to it in that snapshot. */
      open(snapshot: AsItWas): void;
      cancel(): void;
    }
  | {
      readonly kind: 'purge';
      /** What goes for good. */
      readonly what: Purge;
      submit(): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'drop-versions';
      readonly choices: Observable<readonly OldVersions[]>;
      /** Deletes one of them for good; it has a size. */
      submit(choice: OldVersions): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'discard-uploads';
      readonly uploads: readonly Unfinished[];
      /** How many of those that are listed are not among them, since bytes arrive for them. */
      readonly left: number;
      /** How many are gone so far. */
      readonly gone: Observable<number>;
      submit(): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'other-file';
      readonly upload: Unfinished;
      /** What was picked for it. */
      readonly file: { readonly name: string; readonly size: number; readonly mtime: number };
      readonly why: WhyNot;
      /** Sends it from its start; missing: there is no use in it. */
      asNew?(): void;
      /** Picks once more, or, of what is busy, tries once more. */
      again(): void;
      discard(): void;
      cancel(): void;
    }
  | {
      readonly kind: 'take-snapshot';
      /** A name for it. */
      readonly proposal: string;
      submit(name: string): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'drop-snapshots';
      readonly snapshots: readonly Snapshot[];
      submit(): Promise<ProblemBody | undefined>;
      cancel(): void;
    }
  | {
      readonly kind: 'bring-back';
      readonly snapshot: Snapshot;
      readonly what: BringBack;
      /** Tells what was done; the question stays, so that it can be read. */
      submit(): Promise<BroughtBack>;
      /** Takes back what was done. */
      undo(): void;
      cancel(): void;
    };

/**
 * Why a file that was picked does not go on with an upload: its size or its time is another,
 * it is there already, the upload is gone, or bytes arrive for it from elsewhere.
 */
export type WhyNot = 'size' | 'time' | 'there' | 'gone' | 'busy';

/** What is to become what it was. */
export interface BringBack {
  /** '' is everything. */
  readonly folder: string;
  /** Only these in it. */
  readonly entries?: readonly Entry[];
}

export interface BroughtBack {
  readonly problem?: ProblemBody;
  readonly undone?: Undone;
  readonly canUndo?: boolean;
}

/** Older versions that could be deleted: those replaced at least so many days ago. */
export interface OldVersions {
  /** 0: all of them. */
  readonly days: number;
  /** What that comes to; undefined: it is being asked. */
  readonly size?: VersionsSize;
}

/** What is to be deleted for good. */
export interface Purge {
  readonly all: boolean;
  readonly entries: number;
  /** Of the only one. */
  readonly name?: string;
  /** That is a file. */
  readonly file?: boolean;
  /** Bytes. */
  readonly size: number;
}

/** Folders that one goes through: those of now, or those of a snapshot. */
export interface Tree {
  readonly folder: Observable<FolderView>;
  readonly selection: Selection;
  /** It is read-only, and what folders hold was never added up. */
  readonly past: boolean;
  /** The way to a folder. */
  route(path: string): Route;
  /** The address of a file's bytes. */
  contentHref(path: string, download: boolean): string;
  filter(text: string): void;
}

/** What the file picker is for: new files, a folder, or the one file of an unfinished upload. */
export type Picking = 'files' | 'folder' | 'again';

/** Everything below the view. It knows no React. */
export interface App {
  readonly session: Observable<SessionState>;
  readonly route: Observable<Route>;
  readonly folder: Observable<FolderView>;
  readonly selection: Selection;
  /** What was deleted; asked for while somebody watches. */
  readonly trash: Observable<PagesView<TrashEntry>>;
  /** Which rows of the trash are chosen. */
  readonly trashSelection: Selection;
  /** The files of now: folder and selection. */
  readonly now: Tree;
  /** The snapshot that the route names. */
  readonly past: Tree;
  /** Newest first; asked for while somebody watches. */
  readonly snapshots: Observable<PagesView<Snapshot>>;
  readonly snapshotSelection: Selection;
  /** What takes the space; asked for while somebody watches. */
  readonly space: Observable<SpaceView>;
  readonly uploads: Uploads;
  /** What other pages, devices and programs began, or this one before; asked for while somebody watches. */
  readonly unfinished: Observable<UnfinishedView>;
  readonly toasts: Observable<readonly Toast[]>;
  readonly dialog: Observable<Dialog | undefined>;
  readonly actions: Readonly<Record<ActionId, Action>>;
  /** Set while an upload action wants the file picker: the page opens it and calls pick. */
  readonly picking: Observable<Picking | undefined>;

  signIn(name: string, password: string): Promise<ProblemBody | undefined>;
  setUp(token: string, name: string, password: string): Promise<ProblemBody | undefined>;
  signOut(everywhere: boolean): Promise<void>;

  go(route: Route): void;
  /** The address of a route, for links. */
  href(route: Route): string;
  sortBy(key: SortKey): void;
  filter(text: string): void;
  /** Reads further back in the trash. */
  moreTrash(): void;
  /** Folders inside a folder, for choosing where to move. */
  folders(path: string): Promise<readonly Entry[]>;

  /** Goes on with an unfinished upload: asks for its file. */
  resume(upload: Unfinished): void;
  /** Discards an unfinished upload, once the person has said yes. */
  discard(upload: Unfinished): void;
  /** Files from an <input>; ends picking. undefined: the person chose none. */
  pick(files: FileList | undefined): void;
  /** A drop (called in the event itself), into the folder shown or the named one. */
  drop(data: DataTransfer, folder?: string): void;
  dismiss(toast: number): void;
  /** Runs the action whose shortcut fits; true if one did. */
  key(event: KeyboardEvent): boolean;
}
