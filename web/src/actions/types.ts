import type { Entry, Listing, ProblemBody, Session } from '../api/types';
import type { Observable } from '../lib/observable';
import type { Uploads } from '../upload/types';

export type SessionState =
  | { readonly kind: 'loading' }
  /** The server does not answer; it is asked again by itself. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'signed-out' }
  /** The page was opened by the one-time set-up link; token is its fragment. */
  | { readonly kind: 'setup'; readonly token: string }
  /** expired: the session ended while the person was working; the page stays, a dialog asks. */
  | { readonly kind: 'signed-in'; readonly session: Session; readonly expired: boolean };

/** Where the person is. In the address as #/files/PATH and #/connect. */
export type Route = { readonly view: 'files'; readonly path: string } | { readonly view: 'connect' };

export type SortKey = 'name' | 'size' | 'mtime';

export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** What the list shows: the current folder, sorted and filtered. Folders come first. */
export interface FolderView {
  readonly path: string;
  /** 'loading' only while nothing can be shown yet. */
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: ProblemBody;
  readonly listing?: Listing;
  /** Sorted and filtered; frozen. */
  readonly rows: readonly Entry[];
  readonly sort: Sort;
  /** Text that the names must hold; '' for all. */
  readonly filter: string;
  /** A newer answer is on its way. */
  readonly refreshing: boolean;
}

/** Which rows are chosen, by id; kept through sorting and filtering. */
export interface SelectionState {
  readonly ids: ReadonlySet<string>;
  /** The row with the keyboard focus. */
  readonly focus: string | undefined;
}

export interface Selection extends Observable<SelectionState> {
  /** A click: 'only' replaces, 'toggle' (Ctrl, checkbox) adds or takes away, 'range' (Shift) reaches from the anchor. */
  choose(id: string, how: 'only' | 'toggle' | 'range'): void;
  /** Arrow keys: moves the focus by rows, or to an end; extend chooses on the way. */
  move(by: number | 'first' | 'last', extend: boolean): void;
  all(): void;
  none(): void;
}

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'done' | 'failed';
  /** Such as Undo; run at most once. */
  readonly action?: { readonly label: string; run(): void };
}

export type ActionId =
  | 'open'
  | 'download'
  | 'new-folder'
  | 'upload-files'
  | 'upload-folder'
  | 'rename'
  | 'move'
  | 'delete'
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
  | { readonly kind: 'new-folder'; submit(name: string): Promise<ProblemBody | undefined>; cancel(): void }
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
    };

/** Everything below the view. It knows no React. */
export interface App {
  readonly session: Observable<SessionState>;
  readonly route: Observable<Route>;
  readonly folder: Observable<FolderView>;
  readonly selection: Selection;
  readonly uploads: Uploads;
  readonly toasts: Observable<readonly Toast[]>;
  readonly dialog: Observable<Dialog | undefined>;
  readonly actions: Readonly<Record<ActionId, Action>>;
  /** Set while an upload action wants the file picker: the page opens it and calls pick. */
  readonly picking: Observable<'files' | 'folder' | undefined>;

  signIn(name: string, password: string): Promise<ProblemBody | undefined>;
  setUp(token: string, name: string, password: string): Promise<ProblemBody | undefined>;
  signOut(everywhere: boolean): Promise<void>;

  go(route: Route): void;
  /** The address of a route, for links. */
  href(route: Route): string;
  /** The address of a file's bytes. */
  contentHref(path: string, download: boolean): string;
  sortBy(key: SortKey): void;
  filter(text: string): void;
  /** Folders inside a folder, for choosing where to move. */
  folders(path: string): Promise<readonly Entry[]>;

  /** Files from an <input>; ends picking. undefined: the person chose none. */
  pick(files: FileList | undefined): void;
  /** A drop (called in the event itself), into the folder shown or the named one. */
  drop(data: DataTransfer, folder?: string): void;
  dismiss(toast: number): void;
  /** Runs the action whose shortcut fits; true if one did. */
  key(event: KeyboardEvent): boolean;
}
