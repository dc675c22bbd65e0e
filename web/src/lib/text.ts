import { count, lists, numbers, plurals } from './counting';
import { guidesText } from './text-guides';
import { pastText } from './text-past';
import { unfinishedText } from './text-unfinished';

/**
 * Every text of the app. A text with a value in it is a function. Another language is
 * another object of the type `Text`.
 */
export const text = {
  product: 'Cairn',
  tagline: 'Your files, as a drive on every machine',
  what: 'Cairn keeps your files on a server of yours. Mount it as a drive, or point a sync tool at it. What it says is saved is on the disk, and the old version of a file stays until the new one is complete.',
  address: {
    title: 'Address to mount',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Select it and copy by hand',
    copyWhat: (what: string) => `Copy ${what}`,
    thisComputerOnly:
      'This address works on this computer only. For others, start Cairn with --listen and a certificate, or behind a proxy that speaks HTTPS.',
    notEncrypted:
      'This address is not encrypted: passwords and files can be read on the way. Use HTTPS outside a network you trust.',
  },
  account: {
    title: 'Name and password',
    body: 'Each person has their own account and sees their own files only. Whoever runs this server makes one like this:',
    command: 'cairn user add NAME',
    yours: (name: string) => `Your name is ${name}; the password is the one you sign in with here.`,
  },
  ...guidesText,
  page: {
    title: (where: string) => `${where} – Cairn`,
    progress: (percent: number, title: string) => `(${percent} %) ${title}`,
    skip: 'Skip to the files',
    loading: 'Cairn is loading',
    home: 'Cairn: your files',
    pages: 'Pages',
  },
  signIn: {
    title: 'Sign in',
    name: 'Name',
    password: 'Password',
    show: 'Show password',
    submit: 'Sign in',
    busy: 'Signing in',
    missing: 'Enter your name and your password.',
    connect: 'Mount it as a drive',
    noAccount: 'No account yet? Whoever runs this server makes one for you.',
  },
  setUp: {
    title: 'Welcome to Cairn',
    lead: 'Make the first account. It runs this server: it can sign in here and mount the drive, and it belongs to you alone.',
    name: 'Name',
    nameHint: 'Such as ada. You type it on every device you connect.',
    password: 'Password',
    passwordHint: 'At least 8 characters. A few words that only you would put together are best.',
    submit: 'Make the account',
    busy: 'Making the account',
    missing: 'Choose a name and a password.',
    used: {
      title: 'This link was used or is too old',
      body: 'A set-up link works once and for 24 hours. If the account was made, sign in with it. If not, start Cairn again: as long as there is no account, it prints a new link in its terminal.',
      signIn: 'Go to sign in',
    },
  },
  unreachable: {
    title: 'Cairn does not answer',
    body: 'The server may be restarting, or this device may be offline. This page asks again by itself and goes on as soon as there is an answer.',
  },
  expired: {
    title: 'Sign in again',
    body: (name: string) =>
      `You have been signed out, ${name}. Nothing is lost: enter your password to go on where you were.`,
    uploads: (n: number) =>
      `${count(n, 'upload waits', 'uploads wait')} for it and ${plurals.select(n) === 'one' ? 'goes' : 'go'} on by ${plurals.select(n) === 'one' ? 'itself' : 'themselves'}.`,
    missing: 'Enter your password.',
    leave: 'Sign out instead',
  },
  me: {
    menu: (name: string, usage: string) => `Account of ${name}, ${usage}`,
    used: (used: string) => `${used} used`,
    usedOf: (used: string, quota: string) => `${used} of ${quota} used`,
    free: (available: string) => `${available} free`,
    files: 'Files',
    trash: 'Trash',
    snapshots: 'Snapshots',
    uploads: 'Unfinished uploads',
    storage: 'Storage',
    connect: 'Connect a device',
    signOut: 'Sign out',
    signOutTitle: 'Sign out while files are uploading?',
    signOutBody: (n: number) =>
      n > 0
        ? `${count(n, 'upload', 'uploads')} will stop.`
        : 'What is being read will not be uploaded.',
    everywhere: 'Sign out everywhere',
    everywhereTitle: 'Sign out everywhere?',
    everywhereBody:
      'Every browser that is signed in with your account, this one too, has to sign in again. Mounted drives keep working.',
  },
  files: {
    top: 'Files',
    breadcrumbs: 'Where you are',
    between: 'Folders in between',
    grid: (where: string) => `Contents of ${where}`,
    filter: 'Filter this folder',
    clearFilter: 'Clear the filter',
    name: 'Name',
    size: 'Size',
    modified: 'Modified',
    sortBy: (column: string) => `Sort by ${column}`,
    chooseAll: 'Choose all',
    choose: (name: string) => `Choose ${name}`,
    more: (name: string) => `More for ${name}`,
    moreColumn: 'More',
    items: (n: number) => count(n, 'item', 'items'),
    matching: (n: number, all: number) => `${numbers.format(n)} of ${count(all, 'item', 'items')}`,
    chosen: (n: number, size: string) => `${numbers.format(n)} chosen, ${size}`,
    chosenCount: (n: number) => `${numbers.format(n)} chosen`,
    unchoose: 'Choose none',
    tools: 'Tools',
    add: 'Add',
    refreshing: 'Looking for changes',
    loading: 'Loading this folder',
    retry: 'Try again',
    empty: {
      title: 'Nothing here yet',
      body: 'Drop files or folders anywhere on this page, or pick them.',
    },
    noMatch: {
      title: (text: string) => `Nothing here is called “${text}”`,
      body: 'The filter looks at the names in this folder, not at the folders below it.',
    },
    gone: {
      title: 'This folder is not here',
      body: 'It was renamed, moved or deleted, or the address has a slip in it.',
      parent: 'Go to the folder above',
      top: 'Go to your files',
    },
    drop: (folder: string) => `Drop to upload to ${folder}`,
    folderKind: 'Folder',
  },
  ...pastText,
  ...unfinishedText,
  panel: {
    title: 'Uploads',
    uploading: (done: number, files: number) =>
      `Uploading ${numbers.format(done)} of ${count(files, 'file', 'files')}`,
    uploadingOne: 'Uploading 1 file',
    paused: (open: number) => `${count(open, 'upload', 'uploads')} paused`,
    offline: 'Waiting for the server',
    offlineHint: 'No connection. It goes on by itself.',
    signIn: 'Waiting until you sign in again',
    done: (n: number) => `${count(n, 'file', 'files')} uploaded`,
    failed: (n: number) => `${count(n, 'upload', 'uploads')} failed`,
    nothing: 'No uploads',
    reading: (n: number) => `Reading folders: ${count(n, 'file', 'files')} so far`,
    amount: (acked: string, size: string) => `${acked} of ${size}`,
    speed: (size: string) => `${size}/s`,
    left: (time: string) => `${time} left`,
    total: 'All uploads',
    list: 'Files on their way',
    fold: 'Fold the uploads',
    unfold: 'Show the uploads',
    pauseAll: 'Pause all',
    resumeAll: 'Resume all',
    cancelAll: 'Cancel all',
    retryAll: 'Try all again',
    clear: 'Clear',
    close: 'Clear the list',
    pause: (name: string) => `Pause ${name}`,
    resume: (name: string) => `Resume ${name}`,
    cancel: (name: string) => `Cancel ${name}`,
    retry: 'Try again',
    elsewhere: 'Upload elsewhere',
    remove: 'Give up',
    more: 'More',
    state: {
      waiting: 'Waiting',
      finishing: 'Finishing',
      retrying: 'Trying again',
      paused: 'Paused',
      done: 'Uploaded',
      failed: 'Failed',
      skipped: 'Skipped, the name exists',
    },
    into: (folder: string) => `to ${folder}`,
    percent: (n: number) => `${n} %`,
    announce: (percent: number, open: number) =>
      `Uploads ${percent} %, ${count(open, 'file', 'files')} left`,
    announceDone: (done: number, failed: number) =>
      failed
        ? `Uploads ended: ${count(done, 'file', 'files')} uploaded, ${numbers.format(failed)} failed`
        : `${count(done, 'file', 'files')} uploaded`,
    cancelTitle: 'Cancel all uploads?',
    cancelBody: (n: number) =>
      `${count(n, 'file is', 'files are')} still on the way. What arrived of ${plurals.select(n) === 'one' ? 'it' : 'them'} so far is dropped; finished files stay.`,
    keep: 'Keep uploading',
  },
  conflict: {
    title: (n: number) =>
      n === 1 ? 'This name exists already' : `${numbers.format(n)} names exist already`,
    body: (n: number) =>
      n === 1
        ? 'What should happen with the new file?'
        : 'What should happen with the new files? Those whose names are free are on their way.',
    there: 'There now',
    yours: 'New',
    folder: 'A folder',
    more: (n: number) => `and ${numbers.format(n)} more`,
    replace: 'Replace',
    replaceHint: 'The old version is kept.',
    foldersHint: (n: number) =>
      `A folder is in the way of ${numbers.format(n)}: ${n === 1 ? 'this one gets' : 'these get'} a number in ${n === 1 ? 'its' : 'their'} name.`,
    both: 'Keep both',
    bothHint: 'The new file gets a number in its name.',
    skip: 'Skip',
    skipHint: 'What is there stays as it is.',
  },
  dialogs: {
    cancel: 'Cancel',
    close: 'Close',
    newFolder: 'New folder',
    newFolderName: 'Name of the folder',
    create: 'Create',
    rename: 'Rename',
    renameName: 'New name',
    nameMissing: 'Enter a name.',
    windowsTrouble: 'Windows cannot show this name in a mounted drive. Everything else can.',
    move: (n: number) => `Move ${count(n, 'item', 'items')}`,
    moveOne: (name: string) => `Move “${name}”`,
    moveHere: 'Move here',
    moveTo: (folder: string) => `Move to ${folder}`,
    alreadyHere: 'It is in this folder already. Open another one.',
    folders: 'Folders',
    noFolders: 'No folders in here. You can still choose this one.',
    loading: 'Loading folders',
    failed: 'The folders could not be loaded.',
    into: 'A folder cannot be moved into itself.',
    elsewhere: (name: string) => `Upload “${name}” elsewhere`,
    elsewhereBody: 'What arrived already is kept.',
    elsewhereName: 'Name',
    uploadHere: 'Upload here',
    restore: (n: number) => `Restore ${count(n, 'item', 'items')}`,
    restoreOne: (name: string) => `Restore “${name}”`,
    restoreTo: (folder: string) => `Restore to ${folder}`,
    restoreHere: 'Restore here',
    restoreName: 'Name',
    purge: (n: number) => `Delete ${count(n, 'item', 'items')} for good?`,
    purgeOne: (name: string) => `Delete “${name}” for good?`,
    purgeAll: 'Empty the trash?',
    purgeFileBody: (size: string) => `${size}, and every older version. This cannot be undone.`,
    purgeBody: (n: number, size: string) =>
      `${count(n, 'item', 'items')}, ${size}, with all that is in ${n === 1 ? 'it' : 'them'} and every older version. This cannot be undone.`,
    purgeYes: 'Delete for good',
    purgeAllYes: 'Empty trash',
    dropVersions: 'Delete older versions?',
    dropVersionsBody:
      'Files stay as they are now. Older versions of what is in the trash go too. This cannot be undone.',
    dropVersionsWhich: 'Which ones',
    dropVersionsAll: 'All',
    dropVersionsOlder: (days: number) => `Replaced more than ${count(days, 'day', 'days')} ago`,
    dropVersionsSize: (n: number, size: string) => `${count(n, 'version', 'versions')}, ${size}`,
    dropVersionsNone: 'none',
    dropVersionsLooking: 'counting',
    busy: 'Working',
  },
  toasts: {
    label: 'Messages',
    dismiss: 'Dismiss',
  },
  actions: {
    open: 'Open',
    download: 'Download',
    'new-folder': 'New folder',
    'upload-files': 'Upload files',
    'upload-folder': 'Upload folder',
    rename: 'Rename',
    move: 'Move',
    versions: 'Versions',
    'as-it-was': 'As it was…',
    delete: 'Delete',
    restore: 'Restore',
    'restore-to': 'Restore elsewhere',
    purge: 'Delete for good',
    'empty-trash': 'Empty trash',
    'drop-versions': 'Delete older versions',
    'take-snapshot': 'Take a snapshot',
    'bring-back': 'Bring back',
    'drop-snapshot': 'Delete snapshot',
    'discard-uploads': 'Discard all',
    'select-all': 'Choose all',
    up: 'Folder above',
    refresh: 'Refresh',
    undo: 'Undo',
  },
  did: {
    deleted: (n: number, name: string) =>
      n === 1 ? `“${name}” deleted` : `${count(n, 'item', 'items')} deleted`,
    moved: (n: number, name: string, folder: string) =>
      `${n === 1 ? `“${name}”` : count(n, 'item', 'items')} moved to ${folder}`,
    renamed: (name: string) => `Renamed to “${name}”`,
    versionRestored: (name: string) => `“${name}” is as it was; the newer version is kept`,
    restored: (n: number, name: string, folder: string | undefined) => {
      const what = n === 1 ? `“${name}”` : count(n, 'item', 'items');
      return folder === undefined ? `${what} restored` : `${what} restored to ${folder}`;
    },
    purged: (n: number, name: string) =>
      n === 1 ? `“${name}” deleted for good` : `${count(n, 'item', 'items')} deleted for good`,
    emptied: (n: number) => `${count(n, 'item', 'items')} deleted for good`,
    versionsDropped: (n: number) =>
      `${count(n, 'older version', 'older versions')} deleted for good`,
    snapshotTaken: (name: string) => `Snapshot “${name}” taken`,
    snapshotsDropped: (n: number, name: string) =>
      n === 1 ? `Snapshot “${name}” deleted` : `${count(n, 'snapshot', 'snapshots')} deleted`,
    broughtBack: (name: string | undefined, n: number, snapshot: string) =>
      name !== undefined
        ? `“${name}” brought back from “${snapshot}”`
        : n > 1
          ? `${count(n, 'item', 'items')} brought back from “${snapshot}”`
          : `Everything brought back from “${snapshot}”`,
    made: (name: string) => `folder “${name}” made`,
    undone: (did: string) => `Undone: ${did}`,
    undoneButNot: (which: string) => `Undone, but not ${which}`,
    because: (which: string, why: string) => `${which}: ${why}`,
    which: (names: readonly string[], left: number) =>
      lists.format([
        ...names.map((name) => `“${name}”`),
        ...(left > 0 ? [`${numbers.format(left)} more`] : []),
      ]),
    each: (all: readonly string[], left: number) =>
      [...all, ...(left > 0 ? [`And ${numbers.format(left)} more.`] : [])].join(' '),
    notAll: (done: string, failed: number, why: string) =>
      `${done}; ${numbers.format(failed)} not: ${why}`,
    none: (why: string) => `Nothing was changed: ${why}`,
    unknown: 'It is not known whether this was done: the server does not answer.',
    notUndone: (why: string) => `Not undone: ${why}`,
    restoredAs: (name: string) => `Restored as “${name}”: its name was taken meanwhile`,
    someoneElse: (name: string, uploads: number) =>
      uploads === 0
        ? `Signed in as ${name} now`
        : `Signed in as ${name} now; ${count(uploads, 'upload', 'uploads')} of the other account stopped`,
  },
  problems: {
    network: {
      title: 'The server does not answer.',
      detail: 'It may be restarting, or this device may be offline.',
    },
    strange: {
      title: 'The answer did not come from Cairn.',
      detail:
        'Something on the way, such as a proxy or the sign-in page of a network, answered instead.',
    },
    http: (status: number) => ({
      title: `The server answered with error ${status}.`,
      detail: 'Try again in a moment.',
    }),
    app: (message: string) => ({ title: 'This page made a mistake.', detail: message }),
    name: {
      empty: { title: 'A name is missing.' },
      slash: { title: 'A name cannot hold a slash.', detail: 'Leave out “/”.' },
      control: {
        title: 'This name holds characters that cannot be stored.',
        detail: 'Type it anew, with letters and signs that can be seen.',
      },
      dots: { title: 'A name cannot be only one or two dots.' },
      long: { title: 'This name is too long.', detail: 'Up to 255 bytes fit.' },
    },
    sameFolder: { title: 'It is in this folder already.' },
    intoItself: { title: 'A folder cannot be moved into itself.' },
    unreadable: {
      title: 'This could not be read on your device.',
      detail: 'It may have been moved, or this browser may not open it. Add it again.',
    },
    changed: {
      title: 'The file changed or vanished while it was read.',
      detail: 'Add it again to upload what it is now.',
    },
    onItsWay: { title: 'Already on its way.' },
    alreadyThere: { title: 'Already there, the same size and time.' },
    noFreeName: { title: 'No free name was found.', detail: 'Choose another name.' },
    someoneElse: {
      title: 'Somebody else has signed in in this browser.',
      detail: 'What you asked for was not done.',
    },
    changedMeanwhile: {
      title: 'It changed meanwhile.',
      detail: 'Look again, then repeat it if you still want it.',
    },
    restore: {
      taken: {
        title: 'Something else has this name there now.',
        detail: 'Choose another name or another folder.',
      },
      homeless: {
        title: 'The folder it was in is gone.',
        detail: 'Choose another folder, or restore that one first.',
      },
      gone: {
        title: 'It is not in the trash any more.',
        detail: 'It may have been restored already, in another window or by somebody else.',
      },
    },
    snapshots: {
      taken: { title: 'Another snapshot has this name.', detail: 'Choose another name.' },
      homeless: {
        title: 'The folder that it was in is not there now.',
        detail: 'Bring that folder back instead.',
      },
      gone: {
        title: 'It is not in the snapshot any more.',
        detail: 'The snapshot may have been deleted meanwhile.',
      },
    },
    stalled: { title: 'The connection stands still.', detail: 'It is being made anew.' },
  },
  units: {
    date: (day: string, time: string) => `${day}, ${time}`,
    today: (time: string) => `Today, ${time}`,
    seconds: (n: number) => count(n, 'second', 'seconds'),
    minutes: (n: number) => `${numbers.format(n)} min`,
    hours: (h: number, m: number) =>
      m ? `${numbers.format(h)} h ${m} min` : `${numbers.format(h)} h`,
    days: (n: number) => count(n, 'day', 'days'),
  },
} as const;

export type Text = typeof text;
