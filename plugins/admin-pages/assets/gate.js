// A page in the place of one that cannot be shown has nothing to do but end an impersonation.
import { menu } from "./menu.js";

export const gate = () => menu();
