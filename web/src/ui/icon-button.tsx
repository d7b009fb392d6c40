import type { JSX } from 'preact';

import { Icon, type IconName } from './icon';

type ButtonProps = Omit<JSX.IntrinsicElements['button'], 'icon' | 'label'>;

/** A button that is a sign; its name is told to those who do not see it, and on pointing. */
export function IconButton({ icon, label, ...rest }: ButtonProps & { readonly icon: IconName; readonly label: string }) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}
