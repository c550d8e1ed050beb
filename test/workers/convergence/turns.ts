import { vi } from 'vitest';

/** Somebody who takes turns, until he is killed. */
export interface Actor {
  dead: boolean;
}

interface Waiting {
  readonly actor: Actor;
  /** Turns that others may take before. */
  readonly due: number;
  readonly go: () => void;
}

/** How many turns of others an answer may take: most take few, and some very many. */
const DELAY_MAX = 60;
/** Far more than any run takes: somebody waits for what never comes. */
const STEPS_MAX = 20_000;

/**
 * Who goes on next, drawn by a seed: everybody stops before and after whatever the store does, so that a run of several workers is
 * one of the ways in which their steps can come between each other, and the same seed gives the same way. Time stands still while
 * anybody can go on.
 */
export class Turns {
  readonly #random: () => number;
  #waiting: Waiting[] = [];
  taken = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Resolves when it is the actor's turn; never for a dead one. */
  wait(actor: Actor): Promise<void> {
    return new Promise((go) => {
      const due = this.taken + Math.floor(this.#random() ** 4 * DELAY_MAX);
      this.#waiting.push({ actor, go, due });
    });
  }

  /** Lets everybody go on until `done` or until nobody can. `drawn` is called after every turn. */
  async run(done: () => boolean, drawn: () => void = () => undefined): Promise<void> {
    for (let step = 0; ; step += 1) {
      if (step > STEPS_MAX) throw new Error('it does not come to an end');
      await new Promise(setImmediate);
      if (done()) return;
      this.#waiting = this.#waiting.filter(({ actor }) => !actor.dead);
      const next = this.#draw();
      if (next !== undefined) {
        this.taken += 1;
        next.go();
        drawn();
      } else if (vi.getTimerCount() > 0) vi.advanceTimersToNextTimer();
      else return;
    }
  }

  #draw(): Waiting | undefined {
    const first = Math.min(...this.#waiting.map(({ due }) => due));
    const ready = this.#waiting.filter(({ due }) => due === first);
    const next = ready[Math.floor(this.#random() * ready.length)];
    this.#waiting = this.#waiting.filter((waiting) => waiting !== next);
    return next;
  }
}
