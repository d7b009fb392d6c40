/** @jest-environment ./test/support/native-environment.cjs */
import { nativeChecks } from '../support/native';

nativeChecks(1, 2);
