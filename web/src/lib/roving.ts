/**
 * The tab that a key leads to, by the WAI-ARIA tabs pattern, or null if the key is not
 * one of its. Arrows of both directions count, because the list lies on phones and
 * stands on desktops.
 */
export function rove(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return (at + 1) % count;
    case 'ArrowLeft':
    case 'ArrowUp':
      return (at + count - 1) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
