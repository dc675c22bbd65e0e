import type {
  Entry,
  Listing,
  ProblemBody,
  Session,
  SpaceUse,
  UnfinishedUpload,
} from '../api/types';
import type { Observable } from '../lib/observable';

export type SessionState =
  | { readonly kind: 'loading' }
  /** The server does not answer; it is asked again by itself. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'signed-out' }
  /** The page was opened by the one-time set-up link; token is its fragment. */
  | { readonly kind: 'setup'; readonly token: string }
  /** expired: the session ended while the person was working; the page stays, a dialog asks. */
  | { readonly kind: 'signed-in'; readonly session: Session; readonly expired: boolean };

/** Where the person is. In the address as #/files/PATH, #/trash and so on. */
export type Route =
  | { readonly view: 'files'; readonly path: string }
  | { readonly view: 'trash' }
  | { readonly view: 'snapshots' }
  /** A folder as it was in a snapshot; id is the snapshot's. */
  | { readonly view: 'snapshot'; readonly id: string; readonly path: string }
  | { readonly view: 'uploads' }
  | { readonly view: 'storage' }
  | { readonly view: 'connect' };

/** A list that is read page by page, newest first. */
export interface PagesView<T> {
  /** 'loading' only while nothing can be shown yet. */
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: ProblemBody;
  /** What was read so far; frozen. */
  readonly rows: readonly T[];
  /** There are older ones. */
  readonly more: boolean;
  /** A newer or longer answer is on its way. */
  readonly refreshing: boolean;
}

/** What takes the person's space. */
export interface SpaceView {
  /** 'loading' only while nothing can be shown yet. */
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: ProblemBody;
  readonly use?: SpaceUse;
  /** A newer answer is on its way. */
  readonly refreshing: boolean;
}

/** An upload that this page does not have in hand. Frozen. */
export interface Unfinished extends UnfinishedUpload {
  /** Bytes arrive for it, from elsewhere. */
  readonly moving: boolean;
}

/** The uploads that were begun, wherever, and not finished. */
export interface UnfinishedView {
  /** 'loading' only while nothing can be shown yet. */
  readonly state: 'loading' | 'ready' | 'failed';
  readonly problem?: ProblemBody;
  /** Oldest first. */
  readonly rows: readonly Unfinished[];
  /** There are more than the server lists. */
  readonly more: boolean;
  /** How many of this page are left out. */
  readonly here: number;
  /** A newer answer is on its way. */
  readonly refreshing: boolean;
}

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

/** One row of a list. */
export interface Row {
  readonly id: string;
  readonly name: string;
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
