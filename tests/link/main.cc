// The program of every link test: all that matters happens in its link step.
int main() { return 0; }
