import { LlamaError } from './errors';
import type { Course } from './generation';

/**
 * Gathers rows as they come.
 * @internal
 */
export class Rows {
  readonly values: Float32Array;
  #filled = 0;

  constructor(where: string, rows: number, columns: number) {
    try {
      this.values = new Float32Array(rows * columns);
    } catch (cause) {
      throw new LlamaError('MEMORY', `${where}: ${rows} rows of ${columns} numbers do not fit into one array: ask for fewer tokens`, { cause });
    }
  }

  before(course: Course): Course {
    return {
      running: true,
      signal: course.signal,
      dropped: () => {},
      added: () => {},
      end: () => {},
      fail: (error) => course.fail(error),
      report: (report) => {
        if (report.rows) {
          this.values.set(report.rows, this.#filled);
          this.#filled += report.rows.length;
        }
        course.report(report);
      },
    };
  }
}
