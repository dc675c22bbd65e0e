import { LoaderCircle, type LucideIcon } from 'lucide-react';
import { Tooltip } from 'radix-ui';
import type { ComponentProps } from 'react';
import styles from './button.module.css';

interface ButtonProps extends ComponentProps<'button'> {
  look?: 'primary' | 'plain' | 'quiet' | 'danger';
  icon?: LucideIcon | undefined;
  /** Its work goes on: it stays where it is and cannot be pressed again. */
  busy?: boolean;
}

export function Button({
  look = 'plain',
  icon: Icon,
  busy = false,
  className,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      className={`${styles.button} ${styles[look]} ${className ?? ''}`}
      aria-disabled={busy || undefined}
      {...rest}
    >
      {busy ? (
        <LoaderCircle className={styles.spin} aria-hidden="true" />
      ) : (
        Icon && <Icon aria-hidden="true" />
      )}
      <span className={styles.label}>{children}</span>
    </button>
  );
}

interface IconButtonProps extends ComponentProps<'button'> {
  label: string;
  icon: LucideIcon;
  /** Shown under the pointer; the label if it is not given. */
  tip?: string;
  small?: boolean;
}

/** A button with a picture only: its name shows under the pointer and with the focus. */
export function IconButton({
  label,
  icon: Icon,
  tip,
  small = false,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          type="button"
          aria-label={label}
          className={`${styles.icon} ${small ? styles.small : ''} ${className ?? ''}`}
          {...rest}
        >
          <Icon aria-hidden="true" />
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className={styles.tip} sideOffset={6} collisionPadding={8}>
          <bdi>{tip ?? label}</bdi>
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
