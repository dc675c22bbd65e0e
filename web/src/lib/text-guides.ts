/** What the app says of how each machine connects. */
export const guidesText = {
  connect: {
    title: 'Connect',
    tabs: 'Choose a system',
    ran: 'Run in our tests',
    fromDocumentation: 'From documentation, not run by us',
  },
  windows: {
    name: 'Windows',
    explorer: {
      title: 'Explorer',
      steps: [
        'In Explorer, open This PC, then … and Map network drive.',
        'As the folder, enter:',
        'Tick “Connect using different credentials”, and give your name and password.',
      ],
      plainHttp:
        'Windows sends passwords over HTTPS only. Use an HTTPS address, or rclone instead.',
      limit:
        'Windows opens no file above 50 MB over WebDAV until FileSizeLimitInBytes is raised in the registry, and none above 4 GB. rclone has neither limit.',
    },
  },
  macos: {
    name: 'macOS',
    finder: {
      title: 'Finder',
      steps: [
        'In Finder, choose Go, then Connect to Server (⌘K).',
        'Enter this address and choose Connect:',
        'Choose Registered User, and give your name and password.',
      ],
    },
  },
  linux: {
    name: 'Linux',
    gnome: {
      title: 'GNOME Files',
      steps: [
        'Open Other Locations, or Network in newer versions.',
        'Enter this as the server address and choose Connect:',
      ],
    },
    davfs: {
      title: 'davfs2',
      install: 'Install davfs2 (Debian and Ubuntu):',
      mount: 'Mount it; it asks for your name and password:',
      locks: 'If saving fails with a lock message, add “use_locks 0” to /etc/davfs2/davfs2.conf.',
    },
  },
  terminal: {
    name: 'rclone, curl',
    rclone: {
      title: 'rclone',
      add: 'Add the server, with your own name and password:',
      copy: 'Copy a folder there, and check that both sides are the same:',
      mount: 'Or mount it as a drive:',
    },
    curl: {
      title: 'curl',
      put: 'Upload a file; it asks for the password:',
      get: 'Download it again:',
    },
  },
  phone: {
    name: 'Phone',
    android: {
      title: 'Android',
      steps: [
        'Install a file manager that speaks WebDAV: Material Files, Solid Explorer or CX File Explorer.',
        'Add a WebDAV server with your name, your password and this address:',
      ],
    },
    ios: {
      title: 'iPhone and iPad',
      steps: [
        'The Files app has no WebDAV. Install an app that has, such as Documents or FE File Explorer.',
        'Add a WebDAV connection with your name, your password and this address:',
      ],
    },
    elsewhere: 'A phone cannot reach the address above, which is for this computer only.',
  },
};
