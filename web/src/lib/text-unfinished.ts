import { count, numbers } from './counting';

/** What the app says of uploads that broke off. */
export const unfinishedText = {
  unfinished: {
    title: 'Unfinished uploads',
    link: (n: number) => count(n, 'unfinished upload', 'unfinished uploads'),
    short: (n: number) => `${numbers.format(n)} unfinished`,
    badge: (n: number) => (n > 99 ? '99+' : numbers.format(n)),
    list: 'Unfinished uploads, oldest first',
    loading: 'Looking for unfinished uploads',
    count: (n: number, more: boolean) =>
      more ? `more than ${count(n, 'upload', 'uploads')}` : count(n, 'upload', 'uploads'),
    sum: (n: number, size: string) => `${count(n, 'upload', 'uploads')}, ${size} arrived`,
    lead: 'What arrived of uploads that broke off, on any device, is kept for a time. To go on with one, pick its file again: a browser cannot open it by itself. To go on with many, add the files or the folder again where they were going: what arrived is not sent twice.',
    more: (n: number) => `These are the ${numbers.format(n)} oldest. There are more.`,
    here: (n: number) =>
      `${count(n, 'upload of this page is', 'uploads of this page are')} not listed here: see Uploads.`,
    empty: {
      title: 'No unfinished uploads',
      body: 'When an upload breaks off, by a closed page or a lost connection, it is listed here, and can go on from any device.',
    },
    part: 'Part of a file',
    partNote:
      'A program sends a file in parts, and joins them. Only that program can go on with it.',
    sizelessNote: 'Its size is not known yet. Only the program that sends it can go on with it.',
    movingNote: 'Bytes are arriving for it now, from another page, device or program.',
    into: 'in',
    top: 'Files',
    amount: (arrived: string, size: string, percent: number) =>
      `${arrived} of ${size}, ${percent} %`,
    sizeless: (arrived: string) => `${arrived} so far`,
    begun: (when: string) => `Begun: ${when}`,
    kept: (when: string) => `Kept until: ${when}`,
    resume: 'Resume',
    resumeOne: (path: string) => `Resume ${path}`,
    discard: (what: string) => `Discard ${what}`,
    discardTitle: (n: number) => `Discard ${count(n, 'unfinished upload', 'unfinished uploads')}?`,
    discardOne: (name: string) => `Discard the upload of “${name}”?`,
    discardPart: 'Discard this part of a file?',
    discardBody: (n: number, size: string) =>
      `${n === 1 ? `The ${size} that arrived of it go` : `${size} that arrived of them go`}. This cannot be undone. Files that are there stay as they are.`,
    discardMoving:
      'Bytes are arriving for it now. Whoever sends it may begin it again from the start.',
    discardLeft: (n: number) =>
      `${count(n, 'upload that bytes arrive', 'uploads that bytes arrive')} for now ${n === 1 ? 'is' : 'are'} left.`,
    discardYes: 'Discard',
    discarding: (done: number, all: number) =>
      `${numbers.format(done)} of ${numbers.format(all)} discarded`,
    discarded: (n: number) => `${count(n, 'unfinished upload', 'unfinished uploads')} discarded`,
    none: 'None: what arrives of an upload that breaks off is kept here for a time.',
    show: 'Show uploads',
    other: {
      size: {
        title: 'This file has another size',
        body: (name: string) =>
          `It is not the file that “${name}” was begun with, or it has changed since: what arrived does not fit it.`,
      },
      time: {
        title: 'This file has another time',
        body: (name: string) =>
          `Its size is that of “${name}”, but it was changed at another time than the file that this was begun with. What arrived may not fit it.`,
      },
      there: {
        title: 'This file is there already',
        body: (name: string) =>
          `“${name}” is there, with this size and time. Nothing has to be sent: the unfinished upload can be discarded.`,
      },
      gone: {
        title: 'This upload is not there any more',
        body: (name: string) =>
          `“${name}” was finished or discarded meanwhile, or was kept too long.`,
      },
      busy: {
        title: 'This upload is going on elsewhere',
        body: (name: string) =>
          `Bytes of “${name}” are arriving from another page, device or program. Pause it there, or wait until it is done.`,
      },
      picked: 'Picked',
      begun: 'Begun with',
      bytes: (n: number) => count(n, 'byte', 'bytes'),
      exact: (size: string, bytes: string) => (size === bytes ? size : `${size} (${bytes})`),
      changed: (when: string) => `changed ${when}`,
      stays: 'Uploaded as new, it begins from the start. What arrived stays in this list.',
      asNew: 'Upload as new',
      again: 'Pick another file',
      retry: 'Try again',
    },
  },
};
