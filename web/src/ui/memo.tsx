// A component that is drawn again only when one of its properties, or a signal that it reads, is another.
import { Component, h, type ComponentChild, type FunctionComponent } from 'preact';

export function memo<P extends object>(draw: FunctionComponent<P>) {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const [before, after] = [this.props as Record<string, unknown>, next as Record<string, unknown>];
      return Object.keys(after).some((key) => before[key] !== after[key]) || Object.keys(before).some((key) => !(key in after));
    }

    override render(props: P): ComponentChild {
      return h(draw, props); // inside, so that its signals reach it past this one
    }
  };
}
